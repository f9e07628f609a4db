import { type Anchor, anchorAt, DrawnRows, type Range, ROW_PX } from "./drawn-rows.ts";
import { type ScrollMap, scrollMap } from "./scroll-map.ts";

/** More than so many windows at once is a jump: somebody has moved the scrollbar. */
const FINE_VIEWS = 3;
/** Room that the scrollbar has at least on both sides, in windows, where heights can only be guessed. */
const ROOM_VIEWS = 3;

export interface ScrollerParts {
  /** Asked to draw rows, at once. */
  readonly draw: (range: Range) => void;
  /** Told whether the last line is in view, and stays so while lines are added. */
  readonly atEnd: (isAtEnd: boolean) => void;
}

const START: Anchor = { line: 1, px: 0 };

/**
 * Moves a list of any length below a scrollbar of a bounded one. The place is a line; the scrollbar only shows where that is. Small
 * movements of the scrollbar move the lines by as many pixels, large ones go to the place that it stands for. The
 * rows that are drawn are the children of one block, which is put where its place is.
 */
export class LogScroller {
  readonly #parts: ScrollerParts;
  #box: HTMLElement | null = null;
  #block: HTMLElement | null = null;
  #spacer: HTMLElement | null = null;
  #count = 0;
  #isWrapped = false;
  #anchor: Anchor = { line: 1, px: 0 };
  #isAtEnd = true;
  #isDragging = false;
  #bar = 0;
  /** As asked for; the rows are what stands in the document. */
  #range: Range = { first: 1, last: 0 };
  #rows: DrawnRows | null = null;
  /** Of all lines, as far as they were seen. */
  #rowPx = ROW_PX;
  #map: ScrollMap = scrollMap(0, 0);

  constructor(parts: ScrollerParts) {
    this.#parts = parts;
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

  /** The first line that is in view. */
  get lineInView(): number {
    return this.#anchor.line;
  }

  get #view(): number {
    return this.#box?.clientHeight ?? 0;
  }

  setLines(count: number, isWrapped: boolean): void {
    const isChanged = count !== this.#count || isWrapped !== this.#isWrapped;
    if (isWrapped !== this.#isWrapped) this.#rowPx = ROW_PX;
    [this.#count, this.#isWrapped] = [count, isWrapped];
    if (isChanged) this.#update();
  }

  /** The numbers of all lines have grown by so many. */
  shift(by: number): void {
    this.#anchor = { ...this.#anchor, line: this.#anchor.line + by };
  }

  /** Shows the line, in the middle unless it is in view anyway. */
  show(line: number): void {
    const rows = this.#rows;
    if (rows?.has(line) === true && rows.has(this.#anchor.line)) {
      const top = rows.top(line) - rows.top(this.#anchor.line) - this.#anchor.px;
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
    this.#stayAtEnd(true);
    this.#update();
  }

  /** By pixels, or by so many windows. */
  moveBy(px: number, views = 0): void {
    this.#go(this.#walk(px + views * (this.#view - ROW_PX)));
  }

  /** To be called when rows have been drawn: puts them in their place. */
  laidOut(range: Range): void {
    if (this.#block === null || this.#count === 0) return;
    const rows = new DrawnRows(this.#block, range);
    this.#rows = rows;
    if (!this.#isAtEnd && !rows.has(this.#anchor.line)) return;
    this.#fit(rows);
    let top = -this.#anchor.px - rows.top(this.#anchor.line);
    if (range.last === this.#count && top + rows.height <= this.#view) this.#stayAtEnd(true);
    if (this.#isAtEnd) top = this.#view - rows.height;
    // Fewer lines than there is room for begin at the upper edge.
    if (range.first === 1 && top > 0) top = 0;
    if (this.#isAtEnd) {
      this.#setBar(this.#barMax);
      this.#anchor = rows.at(-top);
    }
    this.#block.style.top = `${Math.round(this.#bar + top)}px`;
  }

  /** Learns how high lines are, and gives the scrollbar the height of all of them. */
  #fit({ range, height }: DrawnRows): void {
    if (!this.#isWrapped) return;
    const drawn = range.last - range.first + 1;
    const isAll = drawn === this.#count;
    const average = Math.max(ROW_PX, height / drawn);
    this.#rowPx = isAll || this.#rowPx === ROW_PX ? average : this.#rowPx * 0.9 + average * 0.1;
    if (!this.#isDragging) this.#setHeight(isAll ? height : this.#count * this.#rowPx);
  }

  #setHeight(content: number): void {
    this.#map = scrollMap(content, this.#view);
    if (this.#spacer !== null) this.#spacer.style.height = `${this.#map.height}px`;
    // The browser would move it by itself, which would look as if somebody had scrolled.
    if (this.#bar > this.#barMax) this.#setBar(this.#barMax);
  }

  #stayAtEnd(isAtEnd: boolean): void {
    if (isAtEnd === this.#isAtEnd) return;
    this.#isAtEnd = isAtEnd;
    this.#parts.atEnd(isAtEnd);
  }

  #go({ line, px }: Anchor): void {
    this.#anchor = line < 1 ? START : { line: Math.min(this.#count, line), px };
    this.#stayAtEnd(false);
    this.#setBar(this.#barOf(this.#anchor));
    this.#redraw();
  }

  #scrolled(): void {
    const box = this.#box;
    if (box === null) return;
    const moved = box.scrollTop - this.#bar;
    // Moved by this itself.
    if (Math.abs(moved) < 0.9) return;
    this.#bar = box.scrollTop;
    if (this.#isDragging || Math.abs(moved) > FINE_VIEWS * this.#view) {
      this.#stayAtEnd(this.#bar >= this.#barMax - 1);
      this.#anchor = anchorAt(1, this.#map.toPlace(this.#bar), this.#rowPx);
    } else {
      const anchor = this.#walk(moved);
      this.#anchor = anchor.line < 1 ? START : anchor;
      this.#stayAtEnd(!this.#isWrapped && this.#bar >= this.#barMax - 1);
      // The scrollbar comes to its end before the lines do, whose heights it can only guess: it is given room again.
      const isAtBarEnd = this.#bar < this.#view / 2 || this.#bar > this.#barMax - this.#view / 2;
      if (this.#isWrapped && (isAtBarEnd || this.#anchor === START)) this.#setBar(this.#barOf(this.#anchor));
    }
    this.#redraw();
  }

  /** Nothing moves any more: the scrollbar is put where the place is. */
  #settle(): void {
    if (this.#isDragging || this.#isAtEnd || this.#count === 0) return;
    const bar = this.#barOf(this.#anchor);
    if (Math.abs(bar - this.#bar) < 2) return;
    this.#setBar(bar);
    if (this.#rows !== null) this.laidOut(this.#rows.range);
  }

  #release(event: Event): void {
    if (event.type === "pointermove" && (event as PointerEvent).buttons !== 0) return;
    if (!this.#isDragging) return;
    this.#isDragging = false;
    this.#settle();
  }

  #update(): void {
    if (this.#box === null) return;
    this.#setHeight(this.#count * this.#rowPx);
    if (!this.#isAtEnd) this.#setBar(this.#barOf(this.#anchor));
    this.#redraw();
  }

  #redraw(): void {
    const wanted = this.#wantedRange();
    const [asked, drawn] = [this.#range, this.#rows?.range];
    const isEnough = wanted.first >= asked.first && wanted.last <= asked.last && asked.last <= this.#count;
    if (isEnough && drawn?.first === asked.first && drawn.last === asked.last) return this.laidOut(drawn);
    this.#range = this.#wantedRange(2);
    this.#parts.draw(this.#range);
  }

  /** What is in view and some more on both sides, so that little has to be drawn while somebody scrolls. */
  #wantedRange(more = 1): Range {
    const rows = Math.ceil(this.#view / ROW_PX) + 1;
    const first = this.#isAtEnd ? this.#count - rows : this.#anchor.line;
    const margin = Math.ceil(rows / 2) * more;
    return { first: Math.max(1, first - margin), last: Math.min(this.#count, first + rows + margin) };
  }

  get #barMax(): number {
    return this.#map.height - this.#view;
  }

  #setBar(bar: number): void {
    if (this.#box === null) return;
    this.#box.scrollTop = bar;
    // It may have been rounded.
    this.#bar = this.#box.scrollTop;
  }

  /** Where the scrollbar belongs for a place; where heights are guessed, with room for what is above and below. */
  #barOf({ line, px }: Anchor): number {
    const bar = this.#map.toBar((line - 1) * this.#rowPx + Math.min(px, this.#rowPx));
    const rows = this.#rows;
    if (!this.#isWrapped || rows?.has(line) !== true) return bar;
    const [room, top] = [ROOM_VIEWS * this.#view, rows.top(line) + px];
    const above = rows.range.first === 1 ? top : room;
    const below = rows.range.last === this.#count ? rows.height - top - this.#view : room;
    // A scrollbar that is too short for both is made longer.
    if (above + below > this.#barMax) this.#setHeight(above + below + this.#view);
    return Math.max(above, Math.min(this.#barMax - below, bar));
  }

  /** The anchor so many pixels further down. */
  #walk(px: number): Anchor {
    const { line, px: before } = this.#anchor;
    const rows = this.#rows;
    if (this.#isWrapped && rows?.has(line) === true) return rows.at(rows.top(line) + before + px);
    return anchorAt(line, before + px);
  }
}

function isOnScrollbar(box: HTMLElement, { target, clientX }: PointerEvent): boolean {
  return target === box && clientX > box.getBoundingClientRect().left + box.clientWidth;
}
