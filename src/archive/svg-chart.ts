import { formatValue, timeTicks, valueTicks } from "./chart-axis.ts";
import { withoutControls } from "./markdown.ts";

export interface ChartPoint {
  readonly timeMs: number;
  /** NaN, infinities and what comes near them are gaps. */
  readonly value: number;
}

export interface ChartSeries {
  readonly name: string;
  /** Oldest first. */
  readonly points: readonly ChartPoint[];
}

export interface Chart {
  readonly title: string;
  /** A second, smaller line, such as the query. */
  readonly subtitle: string;
  readonly series: readonly ChartSeries[];
  readonly startMs: number;
  readonly endMs: number;
  /** Between two points; a longer distance is a gap in the line. */
  readonly stepMs: number;
  /** A vertical line; drawn only when it lies between start and end. */
  readonly mark: { readonly timeMs: number; readonly label: string } | null;
}

const WIDTH = 960;
const PLOT = { left: 68, right: 24, top: 74, height: 300 } as const;
const PLOT_WIDTH = WIDTH - PLOT.left - PLOT.right;
const BOTTOM = PLOT.top + PLOT.height;
const LEGEND_ROW = 20;
/** More lines than this cannot be told apart. */
const SERIES_SHOWN_MAX = 10;
const TEXT_CHARS_MAX = 136;

/**
 * A line chart as SVG: readable on light and dark ground, times in UTC, no script, nothing loaded from elsewhere. All text
 * may come from outside. The same input gives the same text.
 */
export function lineChart(chart: Chart): string {
  const shown = chart.series.slice(0, SERIES_SHOWN_MAX);
  const legend = legendOf(shown, chart.series.length);
  const height = BOTTOM + 52 + legend.rows * LEGEND_ROW;
  const scale = scaleOf(chart, shown);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title subtitle">`,
    `<title id="title">${escape(chart.title)}</title><desc id="subtitle">${escape(chart.subtitle)}</desc>`,
    STYLE,
    `<rect class="ground" width="${WIDTH}" height="${height}"/>`,
    `<text class="title" x="24" y="30">${escape(cut(chart.title))}</text>`,
    `<text class="query" x="24" y="50">${escape(cut(chart.subtitle))}</text>`,
    valueAxis(scale),
    timeAxis(chart, scale),
    ...shown.map((series, index) => seriesLine(series, index, chart, scale)),
    scale.isEmpty
      ? `<text class="empty" x="${WIDTH / 2}" y="${PLOT.top + PLOT.height / 2}">no data in this range</text>`
      : "",
    markLine(chart, scale),
    legend.svg,
    "</svg>\n",
  ].join("\n");
}

/** Colours that differ in lightness too, and have enough contrast on their ground. */
const LIGHT = [
  "#1f6feb",
  "#c2410c",
  "#15803d",
  "#7c3aed",
  "#be185d",
  "#0e7490",
  "#a16207",
  "#475569",
  "#b91c1c",
  "#4d7c0f",
];
const DARK = [
  "#6cb6ff",
  "#ff9f5c",
  "#5fd38d",
  "#b9a2ff",
  "#ff8ac2",
  "#4fd1e0",
  "#e6c34d",
  "#b6c2cf",
  "#ff8a80",
  "#b5d95b",
];
const DASHES = ["", "6 3", "2 3"];

const STYLE = `<style>
text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #475569 }
.ground { fill: #ffffff } .title { font-size: 16px; font-weight: 600; fill: #0f172a }
.query { font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 11px }
.grid { stroke: #e2e8f0; stroke-width: 1 } .axis { stroke: #94a3b8; stroke-width: 1 }
.value { text-anchor: end } .time, .empty { text-anchor: middle } .empty { font-size: 14px }
.line { fill: none; stroke-width: 1.75; stroke-linejoin: round; stroke-linecap: round } .dot { stroke: none }
.mark { stroke: #b91c1c; stroke-width: 1.5; stroke-dasharray: 5 3 } .mark-label { fill: #b91c1c; font-weight: 600 }
${LIGHT.map((colour, index) => `.c${index} { stroke: ${colour} } .f${index} { fill: ${colour} }`).join("\n")}
@media (prefers-color-scheme: dark) {
text { fill: #a8b3c2 } .ground { fill: #14181f } .title { fill: #f1f5f9 }
.grid { stroke: #2a313c } .axis { stroke: #566273 } .mark { stroke: #ff8a80 } .mark-label { fill: #ff8a80 }
${DARK.map((colour, index) => `.c${index} { stroke: ${colour} } .f${index} { fill: ${colour} }`).join("\n")}
}
</style>`;

interface Scale {
  readonly ticks: readonly number[];
  readonly isEmpty: boolean;
  readonly x: (timeMs: number) => number;
  readonly y: (value: number) => number;
}

function scaleOf(chart: Chart, shown: readonly ChartSeries[]): Scale {
  let min = Infinity;
  let max = -Infinity;
  for (const { points } of shown) {
    for (const { value } of points) {
      if (!isDrawable(value)) continue;
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
  }
  const isEmpty = min > max;
  const ticks = isEmpty ? valueTicks(0, 1, 6) : valueTicks(...padded(min, max), 6);
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
function isDrawable(value: number): boolean {
  const size = Math.abs(value);
  return size === 0 || (size > 1e-250 && size < 1e250);
}

function valueAxis({ ticks, y }: Scale): string {
  return ticks
    .map((tick) => {
      const at = y(tick);
      const line = `<line class="grid" x1="${PLOT.left}" x2="${WIDTH - PLOT.right}" y1="${at}" y2="${at}"/>`;
      return `${line}<text class="value" x="${PLOT.left - 8}" y="${round(at + 4)}">${formatValue(tick)}</text>`;
    })
    .join("\n");
}

function timeAxis(chart: Chart, { x }: Scale): string {
  const ticks = timeTicks(chart.startMs, chart.endMs, 9).map(({ timeMs, label }) => {
    const at = x(timeMs);
    return `<line class="axis" x1="${at}" x2="${at}" y1="${BOTTOM}" y2="${BOTTOM + 5}"/><text class="time" x="${at}" y="${BOTTOM + 19}">${label}</text>`;
  });
  const days = [chart.startMs, chart.endMs].map((timeMs) => new Date(timeMs).toISOString().slice(0, 10));
  const date = days[0] === days[1] ? days[0] : days.join(" to ");
  return [
    `<line class="axis" x1="${PLOT.left}" x2="${WIDTH - PLOT.right}" y1="${BOTTOM}" y2="${BOTTOM}"/>`,
    ...ticks,
    `<text class="value" x="${WIDTH - PLOT.right}" y="${BOTTOM + 37}">${date}, UTC</text>`,
  ].join("\n");
}

function seriesLine({ points }: ChartSeries, index: number, chart: Chart, scale: Scale): string {
  const dash = dashOf(index);
  return unbroken(points, chart.stepMs)
    .map((part) => {
      const [first] = part;
      if (part.length === 1 && first !== undefined) {
        return `<circle class="dot f${index}" cx="${scale.x(first.timeMs)}" cy="${scale.y(first.value)}" r="2.5"/>`;
      }
      const path = part.map(({ timeMs, value }) => `${scale.x(timeMs)} ${scale.y(value)}`).join("L");
      return `<path class="line c${index}"${dash} d="M${path}"/>`;
    })
    .join("\n");
}

function dashOf(index: number): string {
  const dash = DASHES[Math.floor(index / 4) % DASHES.length] ?? "";
  return dash === "" ? "" : ` stroke-dasharray="${dash}"`;
}

/** The stretches of a series that have no gap in them. */
function unbroken(points: readonly ChartPoint[], stepMs: number): ChartPoint[][] {
  const parts: ChartPoint[][] = [];
  let previousMs = -Infinity;
  for (const point of points) {
    if (!isDrawable(point.value)) continue;
    if (point.timeMs - previousMs > stepMs * 1.5) parts.push([]);
    parts.at(-1)?.push(point);
    previousMs = point.timeMs;
  }
  return parts;
}

function markLine({ mark, startMs, endMs }: Chart, { x }: Scale): string {
  if (mark === null || mark.timeMs < startMs || mark.timeMs > endMs) return "";
  const at = x(mark.timeMs);
  const time = new Date(mark.timeMs).toISOString().slice(11, 19);
  const isRight = at > WIDTH / 2;
  const label = `${escape(cut(mark.label))} ${time}`;
  return `<line class="mark" x1="${at}" x2="${at}" y1="${PLOT.top - 14}" y2="${BOTTOM}"/>
<text class="mark-label" x="${round(at + (isRight ? -6 : 6))}" y="${PLOT.top - 5}" text-anchor="${isRight ? "end" : "start"}">${label}</text>`;
}

function legendOf(shown: readonly ChartSeries[], count: number): { svg: string; rows: number } {
  const rows = shown.map(({ name, points }, index) => {
    const y = BOTTOM + 58 + index * LEGEND_ROW;
    const last = points.findLast(({ value }) => isDrawable(value));
    const value = last === undefined ? "no data" : `last ${formatValue(last.value)}`;
    return `<line class="line c${index}"${dashOf(index)} x1="${PLOT.left}" x2="${PLOT.left + 22}" y1="${y - 4}" y2="${y - 4}"/><text x="${PLOT.left + 30}" y="${y}">${escape(cut(name))} · ${value}</text>`;
  });
  const rest = count - shown.length;
  const note = `<text x="${PLOT.left + 30}" y="${BOTTOM + 58 + rows.length * LEGEND_ROW}">and ${rest} more series, only in the JSON file</text>`;
  return { svg: [...rows, ...(rest > 0 ? [note] : [])].join("\n"), rows: rows.length + (rest > 0 ? 1 : 0) };
}

function cut(text: string): string {
  const line = withoutControls(text).replaceAll(/\s+/g, " ").trim();
  return line.length > TEXT_CHARS_MAX ? `${line.slice(0, TEXT_CHARS_MAX - 1)}…`.toWellFormed() : line;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escape(text: string): string {
  return withoutControls(text).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
