// oxlint-disable no-control-regex -- control characters are what is looked for

/** What a terminal acts on and does not show: CSI, OSC and other strings with their ends, short escapes, single controls. */
const UNSEEN =
  /\u001b\[[0-?]*[ -/]*[@-~]|\u001b[\]PX^_][^\u0007\u001b\n]*(?:\u0007|\u001b\\)?|\u001b[ -/]*[0-~]?|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/**
 * Lines as they are to be read: without control sequences, and of a line that was written over by carriage returns what was written
 * last. As many line feeds as before.
 */
export function seenText(text: string): string {
  let seen = text;
  if (seen.includes("\r")) {
    seen = seen.replaceAll("\r\n", "\n");
    if (seen.includes("\r")) seen = seen.split("\n").map(behindLastReturn).join("\n");
  }
  // Most logs have no colours: nothing is to be looked for then. What other controls there are does no harm to a search.
  return seen.includes("\u001b") ? seen.replaceAll(UNSEEN, "") : seen;
}

/** One line, without any control character. */
export function seenLine(line: string): string {
  return behindLastReturn(line).replaceAll(UNSEEN, "");
}

function behindLastReturn(line: string): string {
  let end = line.length;
  while (line[end - 1] === "\r") end -= 1;
  return line.slice(line.lastIndexOf("\r", end - 1) + 1, end);
}
