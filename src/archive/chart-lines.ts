import { isDrawable, PLOT_WIDTH, type Scale } from "./chart-scale.ts";
import { dashOf } from "./chart-style.ts";
import type { Chart, ChartPoint, ChartSeries } from "./chart.ts";

/** One series: a line for each stretch without a gap, a dot for a point that stands alone. */
export function seriesLine({ points }: ChartSeries, index: number, chart: Chart, scale: Scale): string {
  const dash = dashOf(index);
  return unbroken(points, chart.stepMs)
    .map((part) => {
      const [first] = part;
      if (part.length === 1 && first !== undefined) {
        return `<circle class="dot f${index}" cx="${scale.x(first.timeMs)}" cy="${scale.y(first.value)}" r="2.5"/>`;
      }
      const path = thinned(part, chart)
        .map(({ timeMs, value }) => `${scale.x(timeMs)} ${scale.y(value)}`)
        .join("L");
      return `<path class="line c${index}"${dash} d="M${path}"/>`;
    })
    .join("\n");
}

/** The stretches of a series that have no gap in them. */
function unbroken(points: readonly ChartPoint[], stepMs: number): ChartPoint[][] {
  const parts: ChartPoint[][] = [];
  let previousMs = -Infinity;
  for (const point of points) {
    if (!isDrawable(point)) continue;
    if (point.timeMs - previousMs > stepMs * 1.5) parts.push([]);
    parts.at(-1)?.push(point);
    previousMs = point.timeMs;
  }
  return parts;
}

const POINTS_A_COLUMN = 4;

/** Of the points that share a pixel's column the first, the lowest, the highest and the last: the picture is the same. */
function thinned(points: readonly ChartPoint[], { startMs, endMs }: Chart): readonly ChartPoint[] {
  if (points.length <= PLOT_WIDTH) return points;
  const columnMs = Math.max(1, endMs - startMs) / PLOT_WIDTH;
  const columns = new Map<number, ChartPoint[]>();
  for (const point of points) {
    const column = Math.floor((point.timeMs - startMs) / columnMs);
    const others = columns.get(column);
    if (others === undefined) columns.set(column, [point]);
    else others.push(point);
  }
  return [...columns.values()].flatMap((column) =>
    column.length <= POINTS_A_COLUMN ? column : outline(column),
  );
}

function outline(column: readonly ChartPoint[]): ChartPoint[] {
  const kept = new Set<ChartPoint | undefined>([column[0], column.at(-1)]);
  let [low, high] = [column[0], column[0]];
  for (const point of column) {
    if (low === undefined || point.value < low.value) low = point;
    if (high === undefined || point.value > high.value) high = point;
  }
  kept.add(low).add(high);
  return column.filter((point) => kept.has(point));
}
