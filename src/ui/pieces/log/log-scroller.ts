import { type ScrollMap, scrollMap } from "./scroll-map.ts";

/** Of a line that is not wrapped; the style of a row has the same. */
export const ROW_PX = 20;
/** More than so many windows at once is a jump: somebody has moved the scrollbar. */
const FINE_VIEWS = 3;

/** Lines that are drawn. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** What stands at the upper edge: a line, and how many pixels of it are above. */
interface Anchor {
  readonly line: number;
  readonly px: number;
}

/**
 * Moves a list of any length below a scrollbar of a bounded one. The place is a line; the scrollbar only shows where that is. Small
 * movements of the scrollbar move the lines by as many pixels, large ones go to the place that it stands for. The
 * rows that are drawn are the children of one block, which is put where its place is.
 */
export class LogScroller {
  readonly #draw: (range: Range) => void;
  #box: HTMLElement | null = null;
  #block: HTMLElement | null = null;
  #spacer: HTMLElement | null = null;
  #count = 0;
  #isWrapped = false;
  #anchor: Anchor = { line: 1, px: 0 };
  #isAtEnd = true;
  #isDragging = false;
  #bar = 0;
  /** As asked for, and as it stands in the document. */
  #range: Range = { first: 1, last: 0 };
  #drawn: Range = { first: 1, last: 0 };
  #map: ScrollMap = scrollMap(0, 0);

  /** `draw` is asked to draw rows, at once. */
  constructor(draw: (range: Range) => void) {
    this.#draw = draw;
  }

  /** What it returns lets go of the elements. */
  attach(box: HTMLElement, spacer: HTMLElement, block: HTMLElement): () => void {
    [this.#box, this.#spacer, this.#block] = [box, spacer, block];
    const stop = new AbortController();
    const on = { signal: stop.signal, passive: true };
    box.addEventListener("scroll", () => this.#scrolled(), on);
    box.addEventListener("scrollend", () => this.#settle(), on);
    box.addEventListener("pointerdown", (event) => (this.#isDragging = isOnScrollbar(box, event)), on);
    for (const name of ["pointerup", "pointermove", "keydown", "wheel", "touchstart"] as const)
      window.addEventListener(name, (event) => this.#release(event), on);
    const observer = new ResizeObserver(() => this.#update());
    observer.observe(box);
    this.#update();
    return () => {
      stop.abort();
      observer.disconnect();
    };
  }

  /** Whether the last line is in view, and stays so while lines are added. */
  get isAtEnd(): boolean {
    return this.#isAtEnd;
  }

  /** The first line that is in view. */
  get lineInView(): number {
    return this.#anchor.line;
  }

  get #view(): number {
    return this.#box?.clientHeight ?? 0;
  }

  setLines(count: number, isWrapped: boolean): void {
    const isChanged = count !== this.#count || isWrapped !== this.#isWrapped;
    [this.#count, this.#isWrapped] = [count, isWrapped];
    if (isChanged) this.#update();
  }

  /** The numbers of all lines have grown by so many. */
  shift(by: number): void {
    this.#anchor = { ...this.#anchor, line: this.#anchor.line + by };
  }

  /** Shows the line, in the middle unless it is in view anyway. */
  show(line: number): void {
    if (this.#isRowDrawn(line) && this.#isRowDrawn(this.#anchor.line)) {
      const top = this.#rowTop(line) - this.#rowTop(this.#anchor.line) - this.#anchor.px;
      if (top >= 0 && top <= this.#view - 2 * ROW_PX) return;
    }
    // Where lines are wrapped fewer of them fit in: the line is at the upper edge rather than below the lower one.
    const before = this.#isWrapped ? 1 : Math.floor(this.#view / ROW_PX / 2);
    this.#go({ line: Math.max(1, Math.min(this.#count, line) - before), px: 0 });
  }

  toStart(): void {
    this.#go({ line: 1, px: 0 });
  }

  toEnd(): void {
    this.#isAtEnd = true;
    this.#update();
  }

  /** By pixels, or by so many windows. */
  moveBy(px: number, views = 0): void {
    this.#go(this.#walk(px + views * (this.#view - ROW_PX)));
  }

  /** To be called when rows have been drawn: puts them in their place. */
  laidOut(range: Range): void {
    this.#drawn = range;
    const [box, block] = [this.#box, this.#block];
    if (box === null || block === null || this.#count === 0) return;
    if (!this.#isAtEnd && !this.#isRowDrawn(this.#anchor.line)) return;
    const height = block.offsetHeight;
    const place = (): number =>
      this.#isAtEnd ? this.#view - height : -this.#anchor.px - this.#rowTop(this.#anchor.line);
    let top = place();
    const isLast = range.last === this.#count;
    if (!this.#isAtEnd && isLast && top + height <= this.#view) {
      this.#isAtEnd = true;
      top = place();
    }
    // Fewer lines than there is room for begin at the upper edge.
    if (range.first === 1 && top > 0) top = 0;
    if (this.#isAtEnd) {
      this.#setBar(this.#map.height - this.#view);
      this.#anchor = this.#anchorAt(-top);
    }
    block.style.top = `${Math.round(this.#bar + top)}px`;
  }

  #go(anchor: Anchor): void {
    const isBeforeAll = anchor.line < 1;
    this.#anchor = isBeforeAll ? { line: 1, px: 0 } : { ...anchor, line: Math.min(this.#count, anchor.line) };
    this.#isAtEnd = false;
    this.#setBar(this.#map.toBar(this.#placeOf(this.#anchor)));
    this.#redraw();
  }

  #scrolled(): void {
    const box = this.#box;
    if (box === null) return;
    const moved = box.scrollTop - this.#bar;
    // Moved by this itself.
    if (Math.abs(moved) < 0.9) return;
    this.#bar = box.scrollTop;
    const barMax = this.#map.height - this.#view;
    if (this.#isDragging || Math.abs(moved) > FINE_VIEWS * this.#view) {
      const place = this.#map.toPlace(this.#bar);
      this.#isAtEnd = this.#bar >= barMax - 1;
      this.#anchor = { line: Math.floor(place / ROW_PX) + 1, px: place % ROW_PX };
    } else {
      const anchor = this.#walk(moved);
      this.#anchor = anchor.line < 1 ? { line: 1, px: 0 } : anchor;
      this.#isAtEnd = false;
      const isAtStart = this.#anchor.line === 1 && this.#anchor.px === 0;
      // The scrollbar has come to its end before the lines have, whose heights it can only guess: it is given room again.
      if (this.#bar <= 0 && !isAtStart) this.#setBar(Math.min(barMax / 2, this.#view));
      if (this.#bar >= barMax - 1) {
        if (this.#isWrapped && !this.#isEndInView()) this.#setBar(Math.max(barMax / 2, barMax - this.#view));
        else this.#isAtEnd = true;
      }
    }
    this.#redraw();
  }

  /** Nothing moves any more: the scrollbar is put where the place is. */
  #settle(): void {
    if (this.#isDragging || this.#isAtEnd || this.#count === 0) return;
    const bar = this.#map.toBar(this.#placeOf(this.#anchor));
    if (Math.abs(bar - this.#bar) < 2) return;
    this.#setBar(bar);
    this.laidOut(this.#drawn);
  }

  #release(event: Event): void {
    if (event.type === "pointermove" && (event as PointerEvent).buttons !== 0) return;
    if (!this.#isDragging) return;
    this.#isDragging = false;
    this.#settle();
  }

  #update(): void {
    if (this.#box === null || this.#spacer === null) return;
    this.#map = scrollMap(this.#count * ROW_PX, this.#view);
    this.#spacer.style.height = `${this.#map.height}px`;
    if (!this.#isAtEnd) this.#setBar(this.#map.toBar(this.#placeOf(this.#anchor)));
    this.#redraw();
  }

  #redraw(): void {
    const range = this.#wantedRange();
    const isEnough =
      range.first >= this.#range.first && range.last <= this.#range.last && this.#range.last <= this.#count;
    if (isEnough && this.#isSame(this.#range, this.#drawn)) return this.laidOut(this.#drawn);
    this.#range = this.#wantedRange(2);
    this.#draw(this.#range);
  }

  /** What is in view and some more on both sides, so that little has to be drawn while somebody scrolls. */
  #wantedRange(more = 1): Range {
    const rows = Math.ceil(this.#view / ROW_PX) + 1;
    const first = this.#isAtEnd ? this.#count - rows : this.#anchor.line;
    const margin = Math.ceil(rows / 2) * more;
    return { first: Math.max(1, first - margin), last: Math.min(this.#count, first + rows + margin) };
  }

  #isSame(left: Range, right: Range): boolean {
    return left.first === right.first && left.last === right.last;
  }

  #setBar(bar: number): void {
    if (this.#box === null) return;
    this.#box.scrollTop = bar;
    // It may have been rounded.
    this.#bar = this.#box.scrollTop;
  }

  #placeOf({ line, px }: Anchor): number {
    return (line - 1) * ROW_PX + Math.min(px, ROW_PX);
  }

  /** The anchor so many pixels further down. */
  #walk(px: number): Anchor {
    if (this.#isWrapped && this.#isRowDrawn(this.#anchor.line))
      return this.#anchorAt(this.#rowTop(this.#anchor.line) + this.#anchor.px + px);
    const place = (this.#anchor.line - 1) * ROW_PX + this.#anchor.px + px;
    return { line: Math.floor(place / ROW_PX) + 1, px: ((place % ROW_PX) + ROW_PX) % ROW_PX };
  }

  /** What lies so many pixels below the upper edge of the block. Beyond it heights are guessed. */
  #anchorAt(px: number): Anchor {
    const height = this.#block?.offsetHeight ?? 0;
    const { first, last } = this.#drawn;
    if (px < 0) return { line: first + Math.floor(px / ROW_PX), px: ((px % ROW_PX) + ROW_PX) % ROW_PX };
    if (px >= height) return { line: last + 1 + Math.floor((px - height) / ROW_PX), px: 0 };
    let [low, high] = [first, last];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#rowTop(middle) <= px) low = middle;
      else high = middle - 1;
    }
    return { line: low, px: px - this.#rowTop(low) };
  }

  #isRowDrawn(line: number): boolean {
    return line >= this.#drawn.first && line <= this.#drawn.last;
  }

  #rowTop(line: number): number {
    const row = this.#block?.children[line - this.#drawn.first];
    return row instanceof HTMLElement ? row.offsetTop : (line - this.#drawn.first) * ROW_PX;
  }

  #isEndInView(): boolean {
    if (this.#drawn.last !== this.#count || this.#block === null) return false;
    const top = this.#rowTop(this.#anchor.line) + this.#anchor.px;
    return this.#block.offsetHeight - top <= this.#view + 1;
  }
}

function isOnScrollbar(box: HTMLElement, { target, clientX }: PointerEvent): boolean {
  return target === box && clientX > box.getBoundingClientRect().left + box.clientWidth;
}
