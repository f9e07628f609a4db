/** A fenced block of a Markdown file. */
export interface Block {
  /** The file it stands in. */
  readonly file: string;
  /** Of its first line of content, counting from 1. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
  /** An HTML comment on the line before the fence, such as `walk`; empty when there is none. */
  readonly note: string;
}

/** All fenced blocks of a Markdown text, in order. */
export function readBlocks(file: string, markdown: string): Block[] {
  const lines = markdown.split("\n");
  const blocks: Block[] = [];
  let open: { readonly start: number; readonly language: string; readonly note: string } | null = null;
  for (const [index, line] of lines.entries()) {
    if (!line.startsWith("```")) continue;
    if (open === null) {
      const note = /^<!-- (.*) -->$/.exec(lines[index - 1] ?? "")?.[1] ?? "";
      open = { start: index + 1, language: line.slice(3).trim(), note };
      continue;
    }
    const text = lines
      .slice(open.start, index)
      .map((content) => `${content}\n`)
      .join("");
    blocks.push({ file, line: open.start + 1, language: open.language, note: open.note, text });
    open = null;
  }
  if (open !== null) throw new Error(`${file}:${open.start}: a block that is never closed`);
  return blocks;
}

/** The text without its blocks and without code in backticks, where brackets are no links. */
export function proseOf(markdown: string): string {
  return markdown.replaceAll(/^```.*?^```/gms, "").replaceAll(/`[^`\n]*`/g, "");
}

/** The anchors of a text's headings, as GitHub makes them. */
export function anchorsOf(markdown: string): Set<string> {
  const headings = markdown.replaceAll(/^```.*?^```/gms, "").matchAll(/^#+ (.+)$/gm);
  const anchors = [...headings].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
  return new Set(anchors);
}
