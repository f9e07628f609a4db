const ROW_REM = 1.25;
const ROOT_PX = 16;

/** Of a line that is not wrapped; the style of a row has the same. Higher for whoever reads larger letters. */
export const ROW_PX = Math.round(ROW_REM * rootPx());

function rootPx(): number {
  if (typeof document === "undefined") return ROOT_PX;
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || ROOT_PX;
}

/** Lines that are drawn, from the first to the last. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** What stands at the upper edge: a line, and how many pixels of it are above. */
export interface Anchor {
  readonly line: number;
  readonly px: number;
}

/** The rows as they stand in the document, the children of one block. What is not there is taken for a row of the usual height. */
export class DrawnRows {
  readonly #block: HTMLElement;
  readonly range: Range;
  /** Of all of them. */
  readonly height: number;

  constructor(block: HTMLElement, range: Range) {
    this.#block = block;
    this.range = range;
    this.height = block.offsetHeight;
  }

  has(line: number): boolean {
    return line >= this.range.first && line <= this.range.last;
  }

  /** How far below the upper edge of the block a line begins. */
  top(line: number): number {
    const row = this.#block.children[line - this.range.first];
    return row instanceof HTMLElement ? row.offsetTop : (line - this.range.first) * ROW_PX;
  }

  /** What lies so many pixels below the upper edge of the block. */
  at(px: number): Anchor {
    const { first, last } = this.range;
    if (px < 0) return anchorAt(first, px);
    if (px >= this.height) return anchorAt(last + 1, px - this.height);
    let [low, high] = [first, last];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.top(middle) <= px) low = middle;
      else high = middle - 1;
    }
    return { line: low, px: px - this.top(low) };
  }
}

/** So many pixels below the beginning of a line, or above it, where every row is as high as the next one. */
export function anchorAt(line: number, px: number, rowPx: number = ROW_PX): Anchor {
  const rows = Math.floor(px / rowPx);
  return { line: line + rows, px: px - rows * rowPx };
}
