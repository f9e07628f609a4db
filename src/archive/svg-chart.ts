import type { Chart, ChartSeries } from "./chart.ts";
import { tickLabels, timeTicks } from "./chart-axis.ts";
import { seriesLine } from "./chart-lines.ts";
import { BOTTOM, isDrawable, PLOT, round, type Scale, scaleOf, WIDTH } from "./chart-scale.ts";
import { CHART_STYLE, dashOf, SERIES_SHOWN_MAX } from "./chart-style.ts";
import { formatValue } from "./chart-units.ts";
import { withoutControls } from "./markdown.ts";

const LEGEND_ROW = 20;
const LEGEND_WIDTH = WIDTH - PLOT.left - PLOT.right - 30;
/** What fits into the width of the chart, by the size of the letters. */
const TITLE_CHARS_MAX = 90;
const QUERY_CHARS_MAX = 136;
const TEXT_CHARS_MAX = 115;
/** Of the facts in the legend, generously. */
const CHAR_WIDTH = 7.3;
const LABEL_WIDTH = 170;
const NOTES_MAX = 3;

/**
 * A line chart as SVG: readable on light and dark ground, times in UTC, no script, nothing loaded from elsewhere. All text
 * may come from outside. The same input gives the same text.
 */
export function lineChart(chart: Chart): string {
  const shown = highest(chart.series);
  const scale = scaleOf(chart, shown);
  const legend = legendOf(chart, shown);
  const height = BOTTOM + 52 + legend.length * LEGEND_ROW;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title subtitle">`,
    `<title id="title">${escape(chart.title)}</title><desc id="subtitle">${escape(chart.subtitle)}</desc>`,
    CHART_STYLE,
    `<rect class="ground" width="${WIDTH}" height="${height}"/>`,
    `<text class="title" x="24" y="30">${escape(cut(chart.title, TITLE_CHARS_MAX))}</text>`,
    `<text class="query" x="24" y="50">${escape(cut(chart.subtitle, QUERY_CHARS_MAX))}</text>`,
    valueAxis(chart, scale),
    timeAxis(chart, scale),
    ...shown.map((series, index) => seriesLine(series, index, chart, scale)),
    scale.isEmpty
      ? `<text class="empty" x="${WIDTH / 2}" y="${PLOT.top + PLOT.height / 2}">no data in this range</text>`
      : "",
    markLine(chart, scale, {
      timeMs: chart.alertMs,
      kind: "alert",
      label: "alert since",
      labelY: PLOT.top - 22,
    }),
    markLine(chart, scale, {
      timeMs: chart.changeMs,
      kind: "change",
      label: "first change",
      labelY: PLOT.top - 7,
    }),
    ...legend,
    "</svg>\n",
  ].join("\n");
}

/** The series with the highest peaks, in the order they came in. */
function highest(series: readonly ChartSeries[]): readonly ChartSeries[] {
  if (series.length <= SERIES_SHOWN_MAX) return series;
  const peaks = new Map(series.map((each) => [each, peakOf(each)]));
  const order = [...series].sort((left, right) => (peaks.get(right) ?? 0) - (peaks.get(left) ?? 0));
  const shown = new Set(order.slice(0, SERIES_SHOWN_MAX));
  return series.filter((each) => shown.has(each));
}

/** A series without data comes last. */
function peakOf({ points }: ChartSeries): number {
  return points.reduce(
    (peak, point) => (isDrawable(point) ? Math.max(peak, point.value) : peak),
    -Number.MAX_VALUE,
  );
}

function valueAxis({ unit }: Chart, { ticks, y }: Scale): string {
  const labels = tickLabels(ticks, unit);
  return ticks
    .map((tick, index) => {
      const at = y(tick);
      const line = `<line class="grid" x1="${PLOT.left}" x2="${WIDTH - PLOT.right}" y1="${at}" y2="${at}"/>`;
      return `${line}<text class="value" x="${PLOT.left - 8}" y="${round(at + 4)}">${labels[index]}</text>`;
    })
    .join("\n");
}

function timeAxis(chart: Chart, { x }: Scale): string {
  const ticks = timeTicks(chart.startMs, chart.endMs, 8).map(({ timeMs, label }) => {
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

interface Mark {
  readonly timeMs: number | null;
  readonly kind: "alert" | "change";
  readonly label: string;
  readonly labelY: number;
}

function markLine({ startMs, endMs }: Chart, { x }: Scale, { timeMs, kind, label, labelY }: Mark): string {
  if (timeMs === null || timeMs > endMs) return "";
  const text = (at: number, anchor: "start" | "end", words: string) =>
    `<text class="mark-label ${kind}-label" x="${round(at)}" y="${labelY}" text-anchor="${anchor}">${words}</text>`;
  const iso = new Date(timeMs).toISOString();
  if (timeMs < startMs) {
    const isSameDay = iso.slice(0, 10) === new Date(startMs).toISOString().slice(0, 10);
    const when = isSameDay ? iso.slice(11, 19) : `${iso.slice(0, 10)} ${iso.slice(11, 19)}`;
    return text(PLOT.left, "start", `← ${label} ${when}, before this range`);
  }
  const at = x(timeMs);
  const hasRoomLeft = at - LABEL_WIDTH > PLOT.left;
  const hasRoomRight = at + LABEL_WIDTH < WIDTH - PLOT.right;
  // The change comes after the alert: to their own sides, they do not meet.
  const isLeft = kind === "alert" ? hasRoomLeft : !hasRoomRight;
  return `<line class="mark ${kind}" x1="${at}" x2="${at}" y1="${labelY - 9}" y2="${BOTTOM}"/>
${text(at + (isLeft ? -6 : 6), isLeft ? "end" : "start", `${label} ${iso.slice(11, 19)}`)}`;
}

/** A row for each series, then what is not shown, then the notes. */
function legendOf(chart: Chart, shown: readonly ChartSeries[]): string[] {
  const y = (row: number) => BOTTOM + 58 + row * LEGEND_ROW;
  const series = shown.map((each, row) => {
    const line = `<line class="line c${row}"${dashOf(row)} x1="${PLOT.left}" x2="${PLOT.left + 22}" y1="${y(row) - 4}" y2="${y(row) - 4}"/>`;
    const facts = factsOf(each, chart);
    // A picture of its own ends the name where the facts begin, however wide its letters are.
    const nameWidth = Math.round(LEGEND_WIDTH - facts.length * CHAR_WIDTH - 12);
    const name = `<svg x="${PLOT.left + 30}" y="${y(row) - 14}" width="${nameWidth}" height="18"><text y="14">${escape(cut(each.name, TEXT_CHARS_MAX))}</text></svg>`;
    return `${line}${name}<text class="value" x="${WIDTH - PLOT.right}" y="${y(row)}">${facts}</text>`;
  });
  const rest = chart.series.length - shown.length;
  const restNote = rest > 0 ? [`and ${rest} more series with lower peaks, only in the JSON file`] : [];
  const more = chart.notes.length - NOTES_MAX;
  const notes = chart.notes.slice(0, NOTES_MAX).map((note) => escape(cut(note, TEXT_CHARS_MAX)));
  const lines = [
    ...restNote.map((text) => ["rest", text] as const),
    ...notes.map((text) => ["note", text] as const),
    ...(more > 0 ? [["note", `and ${more} more notes, in the JSON file`] as const] : []),
  ];
  const below = lines.map(
    ([kind, text], index) =>
      `<text class="${kind}" x="${PLOT.left + 30}" y="${y(series.length + index)}">${text}</text>`,
  );
  return [...series, ...below];
}

/** `max 1.2s · before the change 900ms · last 210ms`. */
function factsOf(series: ChartSeries, { unit, changeMs, startMs }: Chart): string {
  const last = series.points.findLast(isDrawable);
  if (last === undefined) return "no data";
  const parts = [`max ${formatValue(peakOf(series), unit)}`];
  if (changeMs !== null && changeMs >= startMs) {
    const before = series.points.findLast((point) => point.timeMs <= changeMs && isDrawable(point));
    if (before !== undefined) parts.push(`before the change ${formatValue(before.value, unit)}`);
  }
  return [...parts, `last ${formatValue(last.value, unit)}`].join(" · ");
}

function cut(text: string, charsMax: number): string {
  const line = withoutControls(text).replaceAll(/\s+/g, " ").trim();
  return line.length > charsMax ? `${line.slice(0, charsMax - 1)}…`.toWellFormed() : line;
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
