import { LINE_CHARS_MAX, type LineCache } from "./line-cache.ts";

/** A part of a log, as far as lines are concerned. */
export interface TextPart {
  readonly offset: number;
  readonly next_offset: number;
  readonly first_line: number | null;
  readonly content: string;
}

/** The end of a log that grows: what comes is put behind what is there, nothing twice, and nothing is lost without a word. */
export class LogEnd {
  readonly #lines: LineCache;
  #offset = 0;
  /** The line that the end lies in. */
  #line = 1;
  /** What is known of that line; null when its beginning is not. */
  #open: string | null = "";

  constructor(lines: LineCache) {
    this.#lines = lines;
  }

  /** The byte behind all that is known. */
  get offset(): number {
    return this.#offset;
  }

  /** Lines that there are, with one that has begun. */
  get count(): number {
    return this.#open === "" ? this.#line - 1 : this.#line;
  }

  /** Begins with a part whose first line is known. */
  begin(part: TextPart & { readonly first_line: number }): void {
    this.#offset = part.offset;
    this.#line = part.first_line;
    // Where a part begins in the middle of a line is not told; only the first one of all surely begins one.
    this.#open = part.offset === 0 ? "" : null;
    this.#add(part.content);
    this.#offset = part.next_offset;
  }

  /** False when what comes is not what follows, and everything has to be read anew. */
  append(part: TextPart): boolean {
    if (part.next_offset <= this.#offset && part.content !== "") return true;
    if (part.offset < this.#offset) return part.content === "";
    if (part.offset > this.#offset) {
      // More was printed than is kept: the part begins in a later line.
      if (part.first_line === null) return false;
      this.#lines.putGap(this.count + 1, part.first_line);
      [this.#line, this.#open] = [part.first_line, ""];
    }
    this.#add(part.content);
    this.#offset = part.next_offset;
    return true;
  }

  #add(content: string): void {
    const texts = content.split("\n");
    const last = texts.pop() ?? "";
    const [first, ...others] = texts;
    if (first === undefined) {
      this.#open = this.#open === null ? null : shortened(this.#open + last);
    } else {
      if (this.#open !== null) this.#lines.put(this.#line, [this.#open + first, ...others]);
      else {
        this.#lines.forget(this.#line);
        this.#lines.put(this.#line + 1, others);
      }
      this.#line += texts.length;
      this.#open = last;
    }
    // It may have been loaded before it had grown.
    if (this.#open === null) this.#lines.forget(this.#line);
    else if (this.#open !== "") this.#lines.put(this.#line, [this.#open]);
  }
}

/** Of a line that is written over again and again only the newest counts. */
function shortened(text: string): string {
  if (text.length <= LINE_CHARS_MAX) return text;
  const newest = text.lastIndexOf("\r", text.length - 2);
  return newest > 0 ? text.slice(newest) : text.slice(0, LINE_CHARS_MAX + 1);
}
