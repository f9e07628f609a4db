import type { Step } from "../runbooks/runbook.ts";
import { isFinalStep } from "../runs/states.ts";
import { type Frame, localId } from "./frames.ts";
import { recordOf, type RunSession } from "./session.ts";
import { stepVariables } from "./variables.ts";

/** One item of a loop that has ended, as expressions see it. */
export interface ItemResult {
  readonly host: string;
  readonly item: string;
  readonly status: "succeeded" | "failed" | "pending";
  readonly steps: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

type Loop = Extract<Step, { verb: "for_each" }>;

/** What became of the items, in their order. */
export function itemResults(session: RunSession, step: Loop, frames: readonly Frame[]): ItemResult[] {
  const names = session.run.plan.items[step.id] ?? [];
  return withinBytes(
    frames.map((frame, index) => itemResult(session, step, frame, names[index] ?? "")),
    LARGE_BYTES_MAX,
  );
}

/** Of the item's `steps`; pending while one of them has not ended and none has failed. */
export function statusOf(session: RunSession, { body }: Frame): ItemResult["status"] {
  const records = body.steps.map((step) => ({ step, record: recordOf(session, step) }));
  if (records.some(({ step, record }) => isFailure(step, record.state))) return "failed";
  return records.every(({ record }) => isFinalStep(record.state)) ? "succeeded" : "pending";
}

function isFailure(step: Step, state: string): boolean {
  if (state === "cancelled" || (state === "interrupted" && step.effect !== "read")) return true;
  return FAILURES.has(state) && !step.continueOnError;
}

const FAILURES: ReadonlySet<string> = new Set(["failed", "timed_out", "interrupted", "rejected"]);

const NAMES_MAX = 20;

/** For a message; of many items the first. */
export function namesOf(items: readonly ItemResult[]): string {
  const names = items.slice(0, NAMES_MAX).map(({ item }) => item);
  const rest = items.length - names.length;
  return `${names.join(", ")}${rest === 0 ? "" : ` and ${rest} more`}`;
}

function itemResult(session: RunSession, step: Loop, frame: Frame, name: string): ItemResult {
  const { body, items } = frame;
  const item: unknown = items[step.spec.as];
  const isHost = typeof item === "object" && item !== null && "address" in item;
  const records = [...body.steps, ...body.onFailure, ...body.finally].map(
    (inner) => [localId(frame, inner), recordOf(session, inner)] as const,
  );
  const steps = records.map(([id, record]) => {
    const { stdout: _, response: __, ...shown } = stepVariables(record);
    return [id, shown] as const;
  });
  return {
    host: isHost ? name : "",
    item: name,
    status: statusOf(session, frame),
    steps: Object.fromEntries(steps),
    outputs: Object.assign({}, ...records.map(([, record]) => record.facts?.outputs ?? {})) as Record<
      string,
      unknown
    >,
  };
}

/** Of everything in a loop that may be large. It is kept in one row, and given to each expression that follows. */
const LARGE_BYTES_MAX = 4 * 1024 * 1024;
/** What a step may give of any size. Named `outputs` are what a runbook wants to know of many items. */
const LARGE = ["json", "items", "result"] as const;

/** From the item on with which they have more bytes than that, items are without what is large. */
function withinBytes(items: readonly ItemResult[], bytesMax: number): ItemResult[] {
  let leftBytes = bytesMax;
  const bounded = (shown: Readonly<Record<string, unknown>>) => {
    const large = LARGE.filter((name) => shown[name] !== undefined);
    if (leftBytes > 0)
      for (const name of large) leftBytes -= Buffer.byteLength(JSON.stringify(shown[name]) ?? "");
    if (leftBytes >= 0) return shown;
    return Object.fromEntries(Object.entries(shown).filter(([name]) => !LARGE.some((one) => one === name)));
  };
  return items.map((item) => ({
    ...item,
    steps: Object.fromEntries(Object.entries(item.steps).map(([id, shown]) => [id, bounded(shown)])),
  }));
}
