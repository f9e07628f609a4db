import type { Unit } from "../runbooks/verbs/prometheus.ts";

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
  readonly unit: Unit | null;
  /** When the alert began: a vertical line, or a note at the edge when it was earlier. Null: there is none. */
  readonly alertMs: number | null;
  /** When the run first changed something: a vertical line, and each series' value before it. Null: it has not. */
  readonly changeMs: number | null;
  /** What a reader must know, such as that the data is not complete; one line each. */
  readonly notes: readonly string[];
}
