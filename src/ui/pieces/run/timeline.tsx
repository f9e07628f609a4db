import type { RunDetails, Step } from "../../api/types.ts";
import { useNow } from "../clock.ts";
import { secondsText } from "../time.tsx";
import classes from "./timeline.module.css";

/** Steps that overlap stand below each other; more at once than this are told by their number. */
const LANES_MAX = 8;
const STEPS_MAX = 400;

interface Bar {
  readonly step: Step;
  readonly fromMs: number;
  readonly toMs: number;
  readonly lane: number;
}

/** The steps of a run to scale, from its start to its end. The list below it tells the same in words. */
export function RunTimeline({ run: one }: { readonly run: RunDetails }) {
  const isOver = one.finished_at !== null;
  // Whether there is one is known from the beginning: it pushes nothing down later.
  if (one.started_at === null || one.steps.length < 2) return null;
  return isOver ? <Drawn run={one} nowMs={Date.parse(one.finished_at ?? "")} /> : <Growing run={one} />;
}

function Growing({ run }: { readonly run: RunDetails }) {
  return <Drawn run={run} nowMs={useNow()} />;
}

function Drawn({ run: one, nowMs }: { readonly run: RunDetails; readonly nowMs: number }) {
  const fromMs = Date.parse(one.started_at ?? "");
  const toMs = Math.max(fromMs + 1, nowMs);
  const bars = barsOf(one.steps.slice(0, STEPS_MAX), nowMs);
  const lanes = Math.min(LANES_MAX, 1 + Math.max(0, ...bars.map(({ lane }) => lane)));
  const percent = (ms: number) => `${Math.min(100, Math.max(0, ((ms - fromMs) / (toMs - fromMs)) * 100))}%`;
  return (
    <div
      className={classes["box"]}
      role="img"
      aria-label={`${bars.length} steps in ${secondsText((toMs - fromMs) / 1_000)}`}
    >
      <div className={classes["lanes"]} style={{ height: `${lanes * 1.15}rem` }}>
        {bars
          .filter(({ lane }) => lane < LANES_MAX)
          .map(({ step, fromMs: from, toMs: to, lane }) => (
            <div
              key={step.id}
              className={`${classes["bar"]} ${classes[kindOf(step)]}`}
              style={{
                left: percent(from),
                width: `calc(${percent(fromMs + (to - from))} - 1px)`,
                top: `${lane * 1.15}rem`,
              }}
              title={`${step.id}: ${step.status.replaceAll("_", " ")}, ${secondsText((to - from) / 1_000)}`}
            >
              {step.id}
            </div>
          ))}
      </div>
      <div className={classes["scale"]}>
        <span>0 s</span>
        <span>{secondsText((toMs - fromMs) / 2_000)}</span>
        <span>{secondsText((toMs - fromMs) / 1_000)}</span>
      </div>
    </div>
  );
}

/** Each step in the first lane that is free when it begins. */
function barsOf(steps: readonly Step[], nowMs: number): Bar[] {
  const ends: number[] = [];
  return steps
    .filter(({ started_at: start }) => start !== null)
    .map((step) => ({
      step,
      fromMs: Date.parse(step.started_at ?? ""),
      toMs: step.finished_at === null ? nowMs : Date.parse(step.finished_at),
    }))
    .toSorted((left, right) => left.fromMs - right.fromMs)
    .map((bar) => {
      const free = ends.findIndex((end) => end <= bar.fromMs);
      const lane = free === -1 ? ends.length : free;
      ends[lane] = bar.toMs;
      return { ...bar, lane };
    });
}

function kindOf({ status, effect }: Step): "running" | "failed" | "change" | "read" {
  if (status === "running") return "running";
  if (status === "failed" || status === "timed_out" || status === "interrupted") return "failed";
  return effect === "read" ? "read" : "change";
}
