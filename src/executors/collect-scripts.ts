/**
 * Lists what globs match on a host. Arguments: the words of `find` for the age, then base, depth (or `**`) and pattern of
 * each glob. Prints four fields for each match, each ended by NUL: number of the glob, kind, path, path with links
 * resolved. The shell expands no glob: they are patterns of `find`, which match a little more, and are judged again here.
 */
export const LIST_SCRIPT = `
export LC_ALL=C
recent=$1; shift
each='
  g=$1; shift
  for p do
    if [ -f "$p" ]; then k=file; elif [ -d "$p" ]; then k=folder; elif [ -e "$p" ]; then k=other; else k=missing; fi
    r=$p; q=$p
    while [ -n "$q" ]; do
      if [ -L "$q" ]; then r=$(readlink -f -- "$p"; printf x); r=\${r%x}; r=\${r%?}; break; fi
      q=\${q%/*}
    done
    printf "%s\\0%s\\0%s\\0%s\\0" "$g" "$k" "$p" "$r"
  done'
g=0
while [ $# -gt 0 ]; do
  case $2 in
    "**") find -H "$1" -path "$3" ! -type d $recent -exec sh -c "$each" sh "$g" {} + ;;
    0) find -L "$1" -maxdepth 0 -exec sh -c "$each" sh "$g" {} + ;;
    *) find -L "$1" -mindepth "$2" -maxdepth "$2" -path "$3" ! -type d $recent -exec sh -c "$each" sh "$g" {} + ;;
  esac
  shift 3; g=$((g+1))
done
exit 0
`;

/**
 * Reads the named files. Arguments: bytes of one file at most, bytes of all at most, `tail` or `skip`, the oldest change in
 * seconds since 1970 (0 for any), then the paths, links resolved. `NIGHTSHIFT_MARK` is an unguessable word that begins
 * every line of ours; no file can hold it, because it is nowhere but in the environment of this script.
 *
 * For each path: `MARK file INDEX TAKE SIZE MTIME ID` and that many bytes or fewer, or `MARK not INDEX REASON SIZE`. At the
 * end `MARK now ID SIZE MTIME` for each file that is still there, and `MARK done`. A file is opened once, and the kernel is
 * asked what was opened: a link or a folder exchanged after the path was judged shows as another path, so nothing outside
 * is read however the names change. This is why no tar does the reading: it opens by name.
 */
export const READ_SCRIPT = `
export LC_ALL=C
mark=$NIGHTSHIFT_MARK; unset NIGHTSHIFT_MARK
max=$1; left=$2; mode=$3; since=$4; shift 4
i=-1; fd=/proc/$$/fd/3
newline='
'
no() { printf '%s not %s %s %s\\n' "$mark" "$i" "$1" "$2"; }
one() {
  [ -f "$1" ] || { no gone 0; return; }
  command exec 3<"$1" || { no unreadable 0; return; }
  # What the substitution takes off the end is taken off the path too.
  p=$1; while [ "\${p%"$newline"}" != "$p" ]; do p=\${p%"$newline"}; done
  [ "$(readlink "$fd")" = "$p" ] || { no changed 0; return; }
  set -- $(stat -L -c '%f %h %s %Y %d:%i' "$fd")
  case $1 in 8???) ;; *) no other 0; return;; esac
  [ "$2" = 1 ] || { no linked 0; return; }
  [ "$4" -ge "$since" ] || { no old 0; return; }
  room=$max; [ "$room" -le "$left" ] || room=$left
  take=$3; [ "$take" -gt 0 ] || take=$room
  if [ "$take" -gt "$room" ]; then
    if [ "$mode" = skip ] || [ "$room" -eq 0 ]; then no big "$3"; return; fi
    take=$room
  fi
  printf '%s file %s %s %s %s %s\\n' "$mark" "$i" "$take" "$3" "$4" "$5"
  if [ "$take" -lt "$3" ]; then tail -c "$take" <&3 | head -c "$take"; else head -c "$take" <&3; fi
  [ "$3" -eq 0 ] || left=$((left-take))
}
for path do i=$((i+1)); one "$path"; done
stat -L -c '%d:%i %s %Y' -- "$@" 2>/dev/null |
  while read -r id size time; do printf '%s now %s %s %s\\n' "$mark" "$id" "$size" "$time"; done
printf '%s done\\n' "$mark"
`;
