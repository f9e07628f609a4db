import { inputsForExpressions } from "../runbooks/plan.ts";
import { itemSegment } from "../runbooks/plan-steps.ts";
import type { PlannedInputs } from "../runbooks/planned-inputs.ts";
import type { Body, Runbook, Section, Step } from "../runbooks/runbook.ts";
import type { Run } from "../runs/records.ts";

// The steps of a run at each depth: those of its runbook, those of one item of a for_each, those of a called runbook. A step
// inside of others goes by its path, `restart/web-1/stop`: in the database, in files and in what people see.

/** The steps at one depth, and what their expressions see beside each other. */
export interface Frame {
  readonly runbook: Runbook;
  /** Its steps go by their paths. */
  readonly body: Body;
  /** The path of the step they are inside of, with a slash at its end; empty for those of the run's runbook. */
  readonly around: string;
  /** The inputs of its runbook. */
  readonly planned: PlannedInputs;
  /** The items of the loops around. */
  readonly items: Readonly<Record<string, unknown>>;
  /** Whose steps these steps see as well; null for the steps of a runbook. */
  readonly outer: Frame | null;
}

/** What frames are made from. */
export interface Layout {
  readonly run: Pick<Run, "plan">;
  readonly runbook: Runbook;
  /** By digest: the runbooks that the run calls, as they were planned. */
  readonly called: ReadonlyMap<string, Runbook>;
}

type Loop = Extract<Step, { verb: "for_each" }>;
type Call = Extract<Step, { verb: "runbook" }>;

export function rootFrame({ run, runbook }: Layout): Frame {
  return { runbook, body: runbook, around: "", planned: run.plan, items: {}, outer: null };
}

/** One frame for each item of a loop, in order. */
export function itemFrames({ run }: Layout, frame: Frame, step: Loop): Frame[] {
  const names = run.plan.items[step.id] ?? [];
  const list = inputsForExpressions(run.plan, frame.planned)[step.spec.input];
  const found = Array.isArray(list) ? (list as readonly unknown[]) : [];
  return names.map((name, index) => {
    const around = `${step.id}/${itemSegment(names, index)}/`;
    const items = { ...frame.items, [step.spec.as]: found[index] ?? name };
    return { ...frame, body: instantiate(step.body ?? frame.body, around), around, items, outer: frame };
  });
}

/** The steps of the runbook that a step calls. Throws when the run was not planned with it; that is a bug. */
export function callFrame({ run, called }: Layout, step: Call): Frame {
  const call = run.plan.calls[step.id];
  const runbook = call === undefined ? undefined : called.get(call.runbook.digest);
  if (call === undefined || runbook === undefined)
    throw new Error(`step ${step.id} calls what was not planned`);
  const around = `${step.id}/`;
  return { runbook, body: instantiate(runbook, around), around, planned: call, items: {}, outer: null };
}

/** The id that a step has in its own runbook. */
export function localId(frame: Frame, step: Pick<Step, "id">): string {
  return step.id.slice(frame.around.length);
}

/** A step of a run, with where it stands. */
export interface StepInstance {
  readonly step: Step;
  readonly section: Section;
  readonly frame: Frame;
}

/** Every step of the run in the order in which a person reads them, those inside of a step right behind it. */
export function allInstances(layout: Layout, frame: Frame = rootFrame(layout)): StepInstance[] {
  const { steps, onFailure, finally: last } = frame.body;
  const sections: readonly (readonly [Section, readonly Step[]])[] = [
    ["steps", steps],
    ["on_failure", onFailure],
    ["finally", last],
  ];
  return sections.flatMap(([section, list]) =>
    list.flatMap((step) => [
      { step, section, frame },
      ...framesInside(layout, frame, step).flatMap((inner) => allInstances(layout, inner)),
    ]),
  );
}

function framesInside(layout: Layout, frame: Frame, step: Step): Frame[] {
  if (step.verb === "for_each") return itemFrames(layout, frame, step);
  return step.verb === "runbook" ? [callFrame(layout, step)] : [];
}

function instantiate(body: Body, around: string): Body {
  const place = (steps: readonly Step[]) => steps.map((step) => ({ ...step, id: `${around}${step.id}` }));
  return {
    steps: place(body.steps),
    onFailure: place(body.onFailure),
    finally: place(body.finally),
    templates: body.templates,
  };
}
