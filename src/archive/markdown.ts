/** A time for people: `2026-11-23 03:12:45 UTC`. */
export function utc(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/**
 * Text from outside inside Markdown: one line, shown as it is. It becomes no link, tag, table cell or heading, and what a
 * terminal would take as a command (escape sequences, direction marks) is gone.
 */
export function plain(text: string): string {
  return oneLine(text).replaceAll(/[\\`*_{}[\]<>#|~&!]/g, (character) => `\\${character}`);
}

/** Text from outside as inline code, exactly as it is but for line breaks and control characters. */
export function code(text: string): string {
  const line = oneLine(text).replaceAll("|", "¦");
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return longest === 0 ? `${fence}${line}${fence}` : `${fence} ${line} ${fence}`;
}

/**
 * Markdown that the runbook's author wrote with values from outside in it, as a quotation: no HTML, no links, no control
 * characters, and none of its headings stands beside ours.
 */
export function authored(text: string): string {
  const harmless = withoutControls(text).replaceAll("<", "&lt;").replaceAll("[", "\\[").trim();
  return harmless.replaceAll(/^/gm, "> ");
}

/** Rows of a table; the cells are Markdown already. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

const LINE_CHARS_MAX = 500;

function oneLine(text: string): string {
  const line = withoutControls(text).replaceAll(/\s+/g, " ").trim();
  return line.length > LINE_CHARS_MAX ? `${line.slice(0, LINE_CHARS_MAX)}…` : line;
}

/** Without terminal sequences and invisible characters; line breaks and tabs stay. */
export function withoutControls(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(ESCAPE_SEQUENCE, "")
    .replaceAll(/(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "");
}

/** CSI (colours, cursor), OSC and its like (titles, links, clipboard), and the short sequences of ECMA-48. */
const ESCAPE_SEQUENCE = new RegExp(
  [
    String.raw`\x1b\[[0-?]*[ -/]*[@-~]`,
    String.raw`\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?`,
    String.raw`\x1b[ -/]*[0-~]`,
  ].join("|"),
  "g",
);
