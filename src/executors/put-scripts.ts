/** Prints the folder of `$1`'s file with links resolved, as the kernel names it. Exit 41: it cannot be entered. */
export const LOCATE_SCRIPT = `
cd -P -- "$1" || exit 41
readlink /proc/self/cwd
`;

/** Why {@link PUT_SCRIPT} gave up. All but the last two leave the file as it was. */
export type PutFailure =
  | "no-folder"
  | "moved"
  | "link"
  | "not-a-file"
  | "incomplete"
  | "not-written"
  | "owner"
  | "backup"
  | "not-renamed"
  | "not-synced"
  | "moved-after";

/** By the exit code of the script. */
export const PUT_EXITS: ReadonlyMap<number, PutFailure> = new Map([
  [41, "no-folder"],
  [42, "moved"],
  [43, "link"],
  [44, "not-a-file"],
  [45, "incomplete"],
  [46, "not-written"],
  [47, "owner"],
  [48, "backup"],
  [49, "not-renamed"],
  [50, "not-synced"],
  [51, "moved-after"],
]);

/**
 * Writes a file aside and renames it over its target. Arguments: the folder as {@link LOCATE_SCRIPT} named it, the name in it,
 * a name for the new file that nobody can guess, the mode or nothing, the owner or nothing, the name of the backup or
 * nothing. stdin: the SHA-256 of the content on a line, then the content in base64; so no secret is an argument, and a
 * content that broke off is noticed.
 *
 * The folder is entered once and is the working folder from then on: exchanging it for a link changes nothing any more. The
 * name in it is never followed: a link there is refused, and one that comes between is replaced, as rename does.
 * Prints `unchanged`, or `written` and the name of the backup where there is one.
 */
export const PUT_SCRIPT = `
export LC_ALL=C
umask 077
folder=$1; name=./$2; new=./$3; mode=$4; owner=$5; backup=$6; base=$2
cd -P -- "$folder" || exit 41
[ "$(readlink /proc/self/cwd)" = "$folder" ] || exit 42
IFS= read -r sum || exit 45
was=
if [ -e "$name" ] || [ -L "$name" ]; then
  was=$(stat -c '%f %a %u:%g %u %U %U:%G' -- "$name") || exit 42
  case $was in "8"???" "*) ;; "a"*) exit 43;; *) exit 44;; esac
fi
set -f; set -- $was; set +f
[ -z "$was" ] || shift
if [ -n "$was" ]; then
  isSame=yes
  case $mode in ""|"$1") ;; *) isSame=no;; esac
  case $owner in ""|"$2"|"$3"|"$4"|"$5") ;; *) isSame=no;; esac
  if [ $isSame = yes ] && { command exec 3<"$name"; } 2>/dev/null; then
    if [ "$(readlink /proc/$$/fd/3)" = "\${folder%/}/$base" ] && [ "$(sha256sum <&3)" = "$sum  -" ]
    then echo unchanged; exit 0; fi
    exec 3<&-
  fi
fi
find . -maxdepth 1 -type f -name '.nightshift-put-*' -user "$(id -u)" -mmin +1440 -exec rm -f -- {} + 2>/dev/null
trap 'rm -f -- "$new" "$new.old"' EXIT
trap 'exit 143' HUP INT TERM
set -C
base64 -d >"$new" || exit 46
set +C
[ "$(sha256sum <"$new")" = "$sum  -" ] || exit 45
case $owner in
  "") [ -z "$was" ] || [ "$(stat -c %u:%g -- "$new")" = "$2" ] || chown -- "$2" "$new" || exit 47 ;;
  *:*) chown -- "$owner" "$new" || exit 47 ;;
  *) if [ -n "$was" ]; then chown -- "$owner:\${2#*:}" "$new"; else chown -- "$owner:" "$new"; fi || exit 47 ;;
esac
[ -n "$mode" ] || mode=\${1:-600}
chmod -- "$mode" "$new" || exit 46
sync -- "$new" || exit 46
kept=
if [ -n "$backup" ] && [ -n "$was" ]; then
  kept=$backup
  if [ ! -e "./$backup" ] && ! ln -PT -- "$name" "./$backup" 2>/dev/null; then
    cp -pPT -- "$name" "$new.old" && sync -- "$new.old" && mv -fT -- "$new.old" "./$backup" || exit 48
  fi
fi
mv -fT -- "$new" "$name" || exit 49
sync -- . || exit 50
[ "$(readlink /proc/self/cwd)" = "$folder" ] || exit 51
printf 'written %s\\n' "$kept"
`;
