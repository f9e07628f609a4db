import { ExpressionError } from "../expressions/expression.ts";
import type { Template } from "../expressions/templates.ts";
import type { InventoryHost } from "../hosts/host.ts";
import { HostLookupError } from "../hosts/inventory.ts";
import { inputVariables } from "./input-variables.ts";
import { handOnProblem, type KeptInput, keptInputs, wholeInput } from "./hand-on.ts";
import { bindInputs, type BoundValues } from "./inputs.ts";
import type { PlanError, PlanSources } from "./plan.ts";
import { type PlannedCall, toPlannedInputs } from "./planned-inputs.ts";
import type { Body, Runbook, Step } from "./runbook.ts";
import { CALL_DEPTH_MAX } from "./verbs/call.ts";
import { RUNS_SOMEWHERE, runsOnHost } from "./verbs.ts";

/** Steps of one run, with those inside of others. A page and a bundle list all of them. */
const STEPS_MAX = 5_000;

/** What the steps of a runbook come to for its inputs. */
export interface PlannedSteps {
  readonly hosts: readonly InventoryHost[];
  readonly targets: Readonly<Record<string, string>>;
  readonly changes: ReadonlySet<string>;
  readonly items: Readonly<Record<string, readonly string[]>>;
  readonly calls: Readonly<Record<string, PlannedCall>>;
  readonly errors: readonly PlanError[];
}

/** The steps at one depth: of the run's runbook, of one item, or of a called runbook. */
interface Frame {
  readonly body: Body;
  /** Of the step they are inside of, with a slash at its end. */
  readonly around: string;
  /** `inputs`, and the items of the loops around. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** Secrets and files that inputs hold. */
  readonly kept: ReadonlyMap<string, KeptInput>;
  /** The runbooks that led here, outermost first. */
  readonly callers: readonly string[];
}

interface Planner {
  readonly sources: PlanSources;
  readonly hosts: Map<string, InventoryHost>;
  readonly targets: Record<string, string>;
  readonly changes: Set<string>;
  readonly items: Record<string, readonly string[]>;
  readonly calls: Record<string, PlannedCall>;
  readonly errors: PlanError[];
  steps: number;
}

/** Resolves the target of every step, the items of every loop and the inputs of every called runbook. */
export function planSteps(runbook: Runbook, bound: BoundValues, sources: PlanSources): PlannedSteps {
  const planner: Planner = {
    sources,
    hosts: new Map(),
    targets: {},
    changes: new Set(),
    items: {},
    calls: {},
    errors: [],
    steps: 0,
  };
  planBody(planner, {
    body: runbook,
    around: "",
    variables: { inputs: inputVariables(bound) },
    kept: keptInputs(bound, (input) => input),
    callers: [runbook.name],
  });
  if (planner.steps > STEPS_MAX) {
    const message = `the run would have ${planner.steps} steps; at most ${STEPS_MAX} are possible`;
    planner.errors.push({ pointer: "/steps", code: "too-many-steps", message });
  }
  return { ...planner, hosts: [...planner.hosts.values()] };
}

function planBody(planner: Planner, frame: Frame): void {
  const { steps, onFailure, finally: last } = frame.body;
  for (const step of [...steps, ...onFailure, ...last]) {
    planner.steps += 1;
    if (planner.steps > STEPS_MAX) continue;
    if (step.verb === "for_each") planLoop(planner, frame, step);
    else if (step.verb === "runbook") planCall(planner, frame, step);
    else if (runsOnHost(step)) planTarget(planner, frame, step);
  }
}

function fail(planner: Planner, path: string, code: PlanError["code"], message: string): void {
  planner.errors.push({ pointer: `/steps/${path}`, code, message });
}

function planTarget(planner: Planner, frame: Frame, step: Step): void {
  const path = `${frame.around}${step.id}`;
  try {
    const host = planner.sources.inventory.resolve(targetName(frame, step));
    if (step.become !== null && !host.become.includes(step.become)) {
      const message = `the inventory does not allow steps to become ${step.become} on host ${host.name}`;
      return fail(planner, path, "become-not-allowed", message);
    }
    planner.hosts.set(host.name, host);
    planner.targets[path] = host.name;
    // The preview of a step that Nightshift itself does only looks at its host.
    if (step.effect !== "read" && RUNS_SOMEWHERE.has(step.verb)) planner.changes.add(host.name);
  } catch (error) {
    if (error instanceof ExpressionError)
      return fail(planner, path, "target-failed", `target of step ${path}: ${error.message}`);
    if (!(error instanceof HostLookupError) || error.code === "no-host-selected") throw error;
    fail(planner, path, error.code, `target of step ${path}: ${error.message}`);
  }
}

/** A target is a name, or an expression whose value is a host or a name. */
function targetName({ body, variables }: Frame, step: Step): string {
  const template = body.templates.get(step.target);
  const value = template === undefined ? step.target : template.render(variables);
  if (typeof value === "object" && value !== null && "name" in value) return String(value.name);
  return String(value);
}

function planLoop(planner: Planner, frame: Frame, step: Extract<Step, { verb: "for_each" }>): void {
  const path = `${frame.around}${step.id}`;
  const { inputs } = frame.variables as { inputs: Readonly<Record<string, unknown>> };
  const list = inputs[step.spec.input];
  const found = Array.isArray(list) ? (list as readonly unknown[]) : [];
  if (found.length === 0) return fail(planner, path, "no-items", `input ${step.spec.input} is empty`);
  const names = found.map(nameOf);
  planner.items[path] = names;
  for (const [index, item] of found.entries()) {
    const host = isHostVariables(item) ? planner.sources.inventory.named(item.name) : undefined;
    if (host !== undefined) planner.hosts.set(host.name, host);
    planBody(planner, {
      ...frame,
      body: step.body ?? EMPTY_BODY,
      around: `${path}/${itemSegment(names, index)}/`,
      variables: { ...frame.variables, [step.spec.as]: item },
    });
  }
}

const EMPTY_BODY: Body = { steps: [], onFailure: [], finally: [], templates: new Map<string, Template>() };

/** A host goes by its name, an option of a file by its value. */
function nameOf(item: unknown): string {
  if (isHostVariables(item)) return item.name;
  return typeof item === "object" && item !== null && "value" in item ? String(item.value) : String(item);
}

/** An item in the path of a step: its name, unless that could be taken for something else in a file's path, or for another item. */
export function itemSegment(names: readonly string[], index: number): string {
  const name = names[index] ?? "";
  const isPlain =
    /^(?!item-\d+$)[A-Za-z0-9][A-Za-z0-9._-]{0,100}$/.test(name) && names.indexOf(name) === index;
  return isPlain ? name : `item-${index + 1}`;
}

function planCall(planner: Planner, frame: Frame, step: Extract<Step, { verb: "runbook" }>): void {
  const path = `${frame.around}${step.id}`;
  const { name } = step.spec;
  const runbook = planner.sources.runbooks.get(name);
  if (runbook === undefined) return fail(planner, path, "unknown-runbook", `there is no runbook "${name}"`);
  if (frame.callers.includes(name) || frame.callers.length >= CALL_DEPTH_MAX) {
    const chain = [...frame.callers, name].join(" -> ");
    const message = `runbooks call each other at most ${CALL_DEPTH_MAX} deep, and never themselves: ${chain}`;
    return fail(planner, path, "calls-too-deep", message);
  }
  const { inventory, sealSecret } = planner.sources;
  const given = giveInputs(planner, frame, step, runbook);
  if (given === null) return;
  const bound = bindInputs(runbook, given.raw, inventory, sealSecret);
  if (!bound.ok) {
    for (const error of bound.errors)
      fail(planner, path, error.code, `input ${error.pointer.slice(1)} of ${name}: ${error.message}`);
    return;
  }
  for (const host of [...bound.hosts.values()].flat()) planner.hosts.set(host.name, host);
  const { handedOn } = given;
  planner.calls[path] = {
    runbook: { name, digest: runbook.digest },
    ...toPlannedInputs(bound),
    ...(Object.keys(handedOn).length === 0 ? {} : { handedOn }),
  };
  const inputs = inputVariables(bound);
  planBody(planner, {
    body: runbook,
    around: `${path}/`,
    variables: { inputs },
    kept: keptInputs(bound, (input) => handedOn[input]),
    callers: [...frame.callers, name],
  });
}

interface GivenInputs {
  readonly raw: Readonly<Record<string, unknown>>;
  /** By the called runbook's input: the run's input that its secret or file was given by. */
  readonly handedOn: Readonly<Record<string, string>>;
}

/** What a called runbook gets: a host by its name, a secret or a file as a whole. Null when something cannot be given. */
function giveInputs(
  planner: Planner,
  frame: Frame,
  step: Extract<Step, { verb: "runbook" }>,
  called: Runbook,
): GivenInputs | null {
  const path = `${frame.around}${step.id}`;
  const raw: Record<string, unknown> = {};
  const handedOn: Record<string, string> = {};
  const errors = planner.errors.length;
  for (const [name, value] of Object.entries(step.spec.with)) {
    const input = called.inputs.get(name);
    const whole = wholeInput(value) ?? "";
    const kept = frame.kept.get(whole);
    const from = kept === undefined ? null : { name: whole, type: kept.type };
    const problem = input === undefined ? null : handOnProblem(from, input);
    if (problem !== null) fail(planner, path, "not-handed-on", `${problem} (runbook ${called.name})`);
    else if (kept !== undefined) [raw[name], handedOn[name]] = [kept.raw, kept.given];
    else renderInto(planner, frame, path, { raw, name, value });
  }
  return planner.errors.length === errors ? { raw, handedOn } : null;
}

function renderInto(
  planner: Planner,
  { body, variables }: Frame,
  path: string,
  {
    raw,
    name,
    value,
  }: { readonly raw: Record<string, unknown>; readonly name: string; readonly value: unknown },
): void {
  const template = typeof value === "string" ? body.templates.get(value) : undefined;
  try {
    raw[name] = withoutHosts(template === undefined ? value : template.render(variables));
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    fail(planner, path, "target-failed", `with.${name} of step ${path}: ${error.message}`);
  }
}

function withoutHosts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutHosts);
  return isHostVariables(value) ? value.name : value;
}

function isHostVariables(value: unknown): value is { readonly name: string } {
  return typeof value === "object" && value !== null && "name" in value && "address" in value;
}
