/**
 * The only place that makes shell text of a value: one word that a POSIX shell reads back byte for byte. Single quotes
 * leave nothing active; the quote itself is closed, escaped and opened again. NUL cannot be passed to a process at all.
 */
export function quotePosix(value: string): string {
  if (value.includes("\0"))
    throw new RangeError("a value with a NUL character cannot be passed to a process");
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

/** A variable of ours that holds a newline in the shell that reads a job line. No step may set it. */
export const NEWLINE_VARIABLE = "NIGHTSHIFT_NEWLINE";

/** Sets {@link NEWLINE_VARIABLE}, without a newline in the text. */
export const SET_NEWLINE = `${NEWLINE_VARIABLE}=$(printf '\\nx'); ${NEWLINE_VARIABLE}=\${${NEWLINE_VARIABLE}%x}`;

/** Like {@link quotePosix}, on one line: each newline is taken from {@link NEWLINE_VARIABLE}, which must be set before. */
export function quotePosixOnOneLine(value: string): string {
  return quotePosix(value).replaceAll("\n", `'"$${NEWLINE_VARIABLE}"'`);
}
