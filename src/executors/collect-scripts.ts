/**
 * Lists what globs match on a host. Arguments: the words of `find` for the age, then base, depth (or `**`) and pattern of
 * each glob. Prints four fields for each match, each ended by NUL: number of the glob, kind, path, path with links
 * resolved. The shell expands no glob: they are patterns of `find`, which match a little more, and are judged again here.
 */
export const LIST_SCRIPT = `
export LC_ALL=C
# Another user may not be allowed into the login's home, and find wants to come back to where it began.
cd /
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
 * Reads the named files. Arguments: bytes of one file at most, bytes of all at most, the oldest change in seconds since 1970 (0
 * for any), then for each file a letter, `t` to keep the end of one that is too big or `s` to leave it out, with its path, links
 * resolved, as `pathArgument` writes it. `NIGHTSHIFT_MARK` is an unguessable word that begins every line of ours; no file can
 * hold it, because it is nowhere but in the environment of this script.
 *
 * For each path: `MARK file INDEX TAKE SIZE SECONDS`, that many bytes or fewer, `MARK was FACTS`, and `MARK now FACTS FACTS` of the
 * open file and of the one that has its name by then, or of the first alone. Or `MARK not INDEX REASON SIZE`. At the end
 * `MARK done`. Facts are device and inode, size, links, and the time of the last change in three words.
 *
 * A file is opened once, and the kernel is asked what was opened: a link or a folder exchanged after the path was judged shows
 * as another path, so nothing outside is read however the names change. This is why no tar does the reading: it opens by name.
 */
export const READ_SCRIPT = `
export LC_ALL=C
mark=$NIGHTSHIFT_MARK; unset NIGHTSHIFT_MARK
max=$1; left=$2; since=$3; shift 3
i=-1; fd=/proc/$$/fd/3
newline='
'
no() { printf '%s not %s %s %s\\n' "$mark" "$i" "$1" "$2"; }
one() {
  [ -f "$1" ] || { no gone 0; return; }
  command exec 3<"$1" || { no unreadable 0; return; }
  # What the substitution takes off the end is taken off the path too.
  path=$1; p=$1; while [ "\${p%"$newline"}" != "$p" ]; do p=\${p%"$newline"}; done
  [ "$(readlink "$fd")" = "$p" ] || { no changed 0; return; }
  set -- $(stat -L -c '%f %Y %d:%i %s %h %y' "$fd")
  case $1 in 8???) ;; *) no other 0; return;; esac
  [ "$5" = 1 ] || { no linked 0; return; }
  [ "$2" -ge "$since" ] || { no old 0; return; }
  room=$max; [ "$room" -le "$left" ] || room=$left
  size=$4; take=$4; [ "$take" -gt 0 ] || take=$room
  if [ "$take" -gt "$room" ]; then
    if [ "$mode" = s ] || [ "$room" -eq 0 ]; then no big "$size"; return; fi
    take=$room
  fi
  printf '%s file %s %s %s %s\\n' "$mark" "$i" "$take" "$size" "$2"
  if [ "$take" -lt "$size" ]; then tail -c "$take" <&3 | head -c "$take"; else head -c "$take" <&3; fi
  [ "$size" -eq 0 ] || left=$((left-take))
  shift 2; printf '%s was %s\\n' "$mark" "$*"
  set -- $(stat -L -c '%d:%i %s %h %y' -- "$fd" "$path" 2>/dev/null)
  printf '%s now %s\\n' "$mark" "$*"
}
for item do
  i=$((i+1)); mode=\${item%"\${item#?}"}; item=\${item#?}
  case $item in
    %*) item=$(printf '%bx' "\${item#%}"); item=\${item%x};;
    *) item=\${item#=};;
  esac
  one "$item"
done
printf '%s done\\n' "$mark"
`;
