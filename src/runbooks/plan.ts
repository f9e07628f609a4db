import { ExpressionError } from "../expressions/expression.ts";
import type { Host, InventoryHost } from "../hosts/host.ts";
import { HostLookupError, type Inventory } from "../hosts/inventory.ts";
import { digestOf } from "../platform/digest.ts";
import { type OpenedInputs, inputVariables, type VariableParts } from "./input-variables.ts";
import { bindInputs, type InputError, type SealSecret } from "./inputs.ts";
import type { InputValue, Option } from "./inputs/kind.ts";
import { allSteps, type Runbook, type Step } from "./runbook.ts";
import { RUNS_SOMEWHERE } from "./verbs.ts";

/** The version of the shape below; part of the digest, so that a change of meaning changes every digest. */
export const PLAN_SCHEMA = 1;

/** A host as it was when the plan was made. */
export interface PlannedHost extends Host {
  /** Users that steps may become there. */
  readonly become: readonly string[];
}

/**
 * A runbook with its inputs bound and its hosts resolved: what will run, whatever the files say later. Everything in it
 * is covered by its digest, SHA-256 of its canonical JSON (RFC 8785).
 */
export interface Plan {
  readonly schema: typeof PLAN_SCHEMA;
  readonly runbook: { readonly name: string; readonly digest: string };
  /** A host input holds the host's name, a duration its milliseconds, a secret its seal. */
  readonly inputs: Readonly<Record<string, InputValue>>;
  /** Which of the inputs name a host or a list of them, sorted. */
  readonly hostInputs: readonly string[];
  /** The rows that were chosen, of inputs whose options come from a file; left out when there are none. */
  readonly rows?: Readonly<Record<string, readonly Option[]>>;
  /** Which of the inputs are secrets, sorted; left out when none is. */
  readonly secretInputs?: readonly string[];
  /** The hosts that inputs and targets name, sorted by name. */
  readonly hosts: readonly PlannedHost[];
  /** The name of the host each step runs on, by step; only steps that run somewhere have one. */
  readonly targets: Readonly<Record<string, string>>;
}

export interface PlanError {
  /** JSON pointer: `/name` of an input, or `/steps/ID` of a step. */
  readonly pointer: string;
  readonly code: InputError["code"] | "become-not-allowed" | "target-failed";
  readonly message: string;
}

export type Planning =
  | {
      readonly ok: true;
      readonly plan: Plan;
      readonly digest: string;
      /** What a plan never holds: the texts of secrets and the content of files, by input. */
      readonly contents: ReadonlyMap<string, Uint8Array>;
    }
  | {
      readonly ok: false;
      /** What the pointers of the errors are below: the inputs, or the runbook. */
      readonly about: "inputs" | "steps";
      readonly errors: readonly PlanError[];
    };

/** Binds and resolves everything a run needs, or says everything that keeps it from running. */
export function makePlan(
  runbook: Runbook,
  raw: Readonly<Record<string, unknown>>,
  inventory: Inventory,
  sealSecret?: SealSecret,
): Planning {
  const bound = bindInputs(runbook, raw, inventory, sealSecret);
  if (!bound.ok) return { ...bound, about: "inputs" };
  const variables = { inputs: inputVariables(bound) };
  const hosts = new Map([...bound.hosts.values()].flat().map((host) => [host.name, host]));
  const targets: Record<string, string> = {};
  const errors: PlanError[] = [];
  for (const step of allSteps(runbook)) {
    if (!RUNS_SOMEWHERE.has(step.verb)) continue;
    const target = resolveTarget(runbook, step, variables, inventory);
    if ("code" in target) {
      errors.push(target);
      continue;
    }
    hosts.set(target.name, target);
    targets[step.id] = target.name;
  }
  if (errors.length > 0) return { ok: false, about: "steps", errors };
  const plan: Plan = {
    schema: PLAN_SCHEMA,
    runbook: { name: runbook.name, digest: runbook.digest },
    inputs: bound.values,
    hostInputs: [...bound.hosts.keys()].sort(),
    hosts: [...hosts.values()].map(toPlannedHost).sort((left, right) => (left.name < right.name ? -1 : 1)),
    targets,
    ...(bound.rows.size === 0 ? {} : { rows: Object.fromEntries(bound.rows) }),
    ...(bound.secretInputs.length === 0 ? {} : { secretInputs: bound.secretInputs.toSorted() }),
  };
  return { ok: true, plan, digest: digestOf(plan), contents: bound.contents };
}

/** `inputs` as expressions see it; without `opened`, secrets and the paths of files are absent. */
export function inputsForExpressions(plan: Plan, opened?: OpenedInputs): Record<string, unknown> {
  const hosts = plan.hostInputs.map((input) => {
    const names = [plan.inputs[input]].flat();
    const found = names.flatMap((name) => plan.hosts.find((host) => host.name === name) ?? []);
    return [input, found] as const;
  });
  const parts: VariableParts = {
    values: plan.inputs,
    hosts: new Map(hosts),
    rows: new Map(Object.entries(plan.rows ?? {})),
    secretInputs: plan.secretInputs ?? [],
  };
  return inputVariables(parts, opened);
}

/** The host a step runs on; undefined for a verb that Nightshift itself does. */
export function hostOf(plan: Plan, step: Pick<Step, "id">): PlannedHost | undefined {
  const name = Object.hasOwn(plan.targets, step.id) ? plan.targets[step.id] : undefined;
  return name === undefined ? undefined : plan.hosts.find((host) => host.name === name);
}

/** The hosts that steps with an effect run on: what a run locks. */
export function changedHosts(runbook: Runbook, plan: Plan): PlannedHost[] {
  const names = allSteps(runbook).flatMap((step) =>
    step.effect === "read" ? [] : [hostOf(plan, step)?.name],
  );
  return plan.hosts.filter((host) => names.includes(host.name));
}

function resolveTarget(
  runbook: Runbook,
  step: Step,
  variables: Readonly<Record<string, unknown>>,
  inventory: Inventory,
): InventoryHost | PlanError {
  const pointer = `/steps/${step.id}`;
  try {
    const host = inventory.resolve(targetName(runbook, step, variables));
    if (step.become === null || host.become.includes(step.become)) return host;
    const message = `the inventory does not allow steps to become ${step.become} on host ${host.name}`;
    return { pointer, code: "become-not-allowed", message };
  } catch (error) {
    const message = `target of step ${step.id}: ${error instanceof Error ? error.message : String(error)}`;
    if (error instanceof ExpressionError) return { pointer, code: "target-failed", message };
    if (!(error instanceof HostLookupError) || error.code === "no-host-selected") throw error;
    return { pointer, code: error.code, message };
  }
}

/** A target is a name, or an expression whose value is a host or a name. */
function targetName(runbook: Runbook, step: Step, variables: Readonly<Record<string, unknown>>): string {
  const template = runbook.templates.get(step.target);
  const value = template === undefined ? step.target : template.render(variables);
  if (typeof value === "object" && value !== null && "name" in value) return String(value.name);
  return String(value);
}

function toPlannedHost(host: InventoryHost): PlannedHost {
  const { name, address, port, user, labels, become } = host;
  return { name, address, port, user, labels, become: [...become].sort() };
}
