/**
 * Between the place of a scrollbar and the place in the log. A browser makes nothing higher than some 33 million pixels, which are 1.6
 * million lines: beyond it the scrollbar stands for more than its own length. Near both ends one pixel is one pixel, so that the
 * last lines are scrolled as finely as any.
 */
export interface ScrollMap {
  /** Height of what scrolls. */
  readonly height: number;
  /** The scrollbar's place, 0 to `height - view`, for a place in the log, 0 to `content - view`. */
  toBar(place: number): number;
  toPlace(bar: number): number;
}

/** Far less than a browser could: it places text that is further down less exactly than by a pixel. */
export const HEIGHT_MAX = 4_000_000;
const EDGE = 200_000;

/** `content` and `view` are heights in pixels. */
export function scrollMap(content: number, view: number, heightMax: number = HEIGHT_MAX): ScrollMap {
  const height = Math.max(view, Math.min(content, heightMax));
  const [barMax, placeMax] = [height - view, Math.max(0, content - view)];
  if (placeMax <= barMax) return { height, toBar: within(barMax), toPlace: within(placeMax) };
  const edge = Math.min(EDGE, barMax / 4);
  const factor = (placeMax - 2 * edge) / (barMax - 2 * edge);
  return {
    height,
    toBar(place) {
      if (place <= edge) return Math.max(0, place);
      if (place >= placeMax - edge) return Math.min(barMax, barMax - (placeMax - place));
      return edge + (place - edge) / factor;
    },
    toPlace(bar) {
      if (bar <= edge) return Math.max(0, bar);
      if (bar >= barMax - edge) return Math.min(placeMax, placeMax - (barMax - bar));
      return edge + (bar - edge) * factor;
    },
  };
}

function within(max: number): (value: number) => number {
  return (value) => Math.min(max, Math.max(0, value));
}
