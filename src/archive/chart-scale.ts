import type { Chart, ChartPoint, ChartSeries } from "./chart.ts";
import { valueTicks } from "./chart-axis.ts";

export const WIDTH = 960;
export const PLOT = { left: 76, right: 24, top: 92, height: 300 } as const;
export const PLOT_WIDTH = WIDTH - PLOT.left - PLOT.right;
export const BOTTOM = PLOT.top + PLOT.height;

const TICKS_MAX = 6;

/** Where times and values lie in the picture, in pixels. */
export interface Scale {
  readonly ticks: readonly number[];
  readonly isEmpty: boolean;
  readonly x: (timeMs: number) => number;
  readonly y: (value: number) => number;
}

export function scaleOf(chart: Chart, shown: readonly ChartSeries[]): Scale {
  let min = Infinity;
  let max = -Infinity;
  for (const { points } of shown) {
    for (const { value } of points.filter(isDrawable)) {
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
  }
  const isEmpty = min > max;
  const [low, high] = isEmpty ? [0, 1] : padded(min, max);
  const ticks = valueTicks(low, high, TICKS_MAX, chart.unit);
  const [bottom = 0, top = 1] = [ticks[0], ticks.at(-1)];
  const spanMs = Math.max(1, chart.endMs - chart.startMs);
  return {
    ticks,
    isEmpty,
    x: (timeMs) => round(PLOT.left + ((timeMs - chart.startMs) / spanMs) * PLOT_WIDTH),
    y: (value) => round(BOTTOM - ((value - bottom) / (top - bottom)) * PLOT.height),
  };
}

/** Zero is part of the axis unless the values are far from it and close together; a flat line always has it. */
function padded(min: number, max: number): [number, number] {
  const low = min > 0 && min < max * 0.75 ? 0 : min;
  const high = max < 0 && max > min * 0.75 ? 0 : max;
  const isFlat = high - low <= Math.max(Math.abs(low), Math.abs(high)) * 1e-9;
  if (!isFlat) return [low, high];
  return low === 0 ? [0, 1] : [Math.min(0, low), Math.max(0, high)];
}

/** Sums and differences of what is drawn must stay numbers, and no axis begins at 5e-324. */
export function isDrawable({ value }: ChartPoint): boolean {
  const size = Math.abs(value);
  return size === 0 || (size > 1e-250 && size < 1e250);
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
