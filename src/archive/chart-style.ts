// How charts look: on light ground, and on dark where the reader's machine prefers it.

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

/** More lines than this cannot be told apart. */
export const SERIES_SHOWN_MAX = LIGHT.length;

/** Beside the colour, for those who see no difference in colours. */
export function dashOf(index: number): string {
  const dash = DASHES[Math.floor(index / 4) % DASHES.length] ?? "";
  return dash === "" ? "" : ` stroke-dasharray="${dash}"`;
}

export const CHART_STYLE = `<style>
text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #475569 }
.ground { fill: #ffffff } .title { font-size: 16px; font-weight: 600; fill: #0f172a }
.query { font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 11px }
.grid { stroke: #e2e8f0; stroke-width: 1 } .axis { stroke: #94a3b8; stroke-width: 1 }
.value { text-anchor: end } .time, .empty { text-anchor: middle } .empty { font-size: 14px }
.line { fill: none; stroke-width: 1.75; stroke-linejoin: round; stroke-linecap: round } .dot { stroke: none }
.mark { stroke-width: 1.5; stroke-dasharray: 5 3 } .mark-label { font-weight: 600; paint-order: stroke; stroke: #ffffff; stroke-width: 5px }
.alert { stroke: #b91c1c } .alert-label { fill: #b91c1c } .change { stroke: #334155 } .change-label { fill: #334155 }
.note { fill: #b45309 }
${coloursOf(LIGHT)}
@media (prefers-color-scheme: dark) {
text { fill: #a8b3c2 } .ground { fill: #14181f } .title { fill: #f1f5f9 }
.grid { stroke: #2a313c } .axis { stroke: #566273 }
.alert { stroke: #ff8a80 } .alert-label { fill: #ff8a80 } .change { stroke: #d6dee8 } .change-label { fill: #d6dee8 }
.mark-label { stroke: #14181f } .note { fill: #fbbf24 }
${coloursOf(DARK)}
}
</style>`;

function coloursOf(colours: readonly string[]): string {
  return colours
    .map((colour, index) => `.c${index} { stroke: ${colour} } .f${index} { fill: ${colour} }`)
    .join("\n");
}
