import type { Host, InventoryHost } from "../hosts/host.ts";
import type { Inventory } from "../hosts/inventory.ts";
import { digestOf } from "../platform/digest.ts";
import { inputVariables, type OpenedInputs, type VariableParts } from "./input-variables.ts";
import { bindInputs, type InputError, type SealSecret } from "./inputs.ts";
import { planSteps } from "./plan-steps.ts";
import { type PlannedCall, type PlannedInputs, toPlannedInputs } from "./planned-inputs.ts";
import type { Runbook } from "./runbook.ts";

/** The version of the shape below; part of the digest, so that a change of meaning changes every digest. */
export const PLAN_SCHEMA = 2;

/** A host as it was when the plan was made. */
export interface PlannedHost extends Host {
  /** Users that steps may become there. */
  readonly become: readonly string[];
}

/**
 * A runbook with its inputs bound and its hosts resolved: what will run, whatever the files say later. Everything in it
 * is covered by its digest, SHA-256 of its canonical JSON (RFC 8785). Steps inside of others are named by their path:
 * `restart/web-1/stop` is the step `stop` for the item `web-1` of `restart`.
 */
export interface Plan extends PlannedInputs {
  readonly schema: typeof PLAN_SCHEMA;
  readonly runbook: { readonly name: string; readonly digest: string };
  /** The hosts that inputs and targets name, sorted by name. */
  readonly hosts: readonly PlannedHost[];
  /** The name of the host each step runs on, by step; only steps that run somewhere have one. */
  readonly targets: Readonly<Record<string, string>>;
  /** Names of the hosts that steps with an effect run on, sorted: what a run locks. */
  readonly changes: readonly string[];
  /** By the path of each `for_each`: what it goes through, hosts by their names. */
  readonly items: Readonly<Record<string, readonly string[]>>;
  /** By the path of each step that calls a runbook. */
  readonly calls: Readonly<Record<string, PlannedCall>>;
}

export interface PlanError {
  /** JSON pointer: `/name` of an input, or `/steps/PATH` of a step. */
  readonly pointer: string;
  readonly code:
    | InputError["code"]
    | "become-not-allowed"
    | "target-failed"
    | "unknown-runbook"
    | "calls-too-deep"
    | "too-many-steps"
    | "no-items"
    | "not-handed-on";
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

/** What a plan is made from. */
export interface PlanSources {
  readonly inventory: Inventory;
  /** By name: those that steps may call. */
  readonly runbooks: ReadonlyMap<string, Runbook>;
  /** What a plan holds of a secret. */
  readonly sealSecret?: SealSecret;
}

/** Binds and resolves everything a run needs, or says everything that keeps it from running. */
export function makePlan(
  runbook: Runbook,
  raw: Readonly<Record<string, unknown>>,
  sources: PlanSources,
): Planning {
  const bound = bindInputs(runbook, raw, sources.inventory, sources.sealSecret);
  if (!bound.ok) return { ...bound, about: "inputs" };
  const planned = planSteps(runbook, bound, sources);
  if (planned.errors.length > 0) return { ok: false, about: "steps", errors: planned.errors };
  const named = [...bound.hosts.values()].flat();
  const hosts = new Map([...named, ...planned.hosts].map((host) => [host.name, host]));
  const plan: Plan = {
    schema: PLAN_SCHEMA,
    runbook: { name: runbook.name, digest: runbook.digest },
    ...toPlannedInputs(bound),
    hosts: [...hosts.values()].map(toPlannedHost).sort((left, right) => (left.name < right.name ? -1 : 1)),
    targets: planned.targets,
    changes: [...planned.changes].sort(),
    items: planned.items,
    calls: planned.calls,
  };
  return { ok: true, plan, digest: digestOf(plan), contents: bound.contents };
}

/**
 * `inputs` as expressions see it, of the run (its plan) or of a runbook that it calls. Without `opened`, secrets and the paths
 * of files are absent.
 */
export function inputsForExpressions(
  { hosts }: Pick<Plan, "hosts">,
  planned: PlannedInputs,
  opened?: OpenedInputs,
): Record<string, unknown> {
  const named = planned.hostInputs.map((input) => {
    const names = [planned.inputs[input]].flat();
    const found = names.flatMap((name) => hosts.find((host) => host.name === name) ?? []);
    return [input, found] as const;
  });
  const parts: VariableParts = {
    values: planned.inputs,
    hosts: new Map(named),
    rows: new Map(Object.entries(planned.rows ?? {})),
    secretInputs: planned.secretInputs ?? [],
  };
  return inputVariables(parts, opened);
}

/** The host a step runs on; undefined for a verb that Nightshift itself does. */
export function hostOf(plan: Plan, path: string): PlannedHost | undefined {
  const name = Object.hasOwn(plan.targets, path) ? plan.targets[path] : undefined;
  return name === undefined ? undefined : plan.hosts.find((host) => host.name === name);
}

/** The hosts that steps with an effect run on: what a run locks. */
export function changedHosts(plan: Plan): PlannedHost[] {
  return plan.hosts.filter((host) => plan.changes.includes(host.name));
}

function toPlannedHost(host: InventoryHost): PlannedHost {
  const { name, address, port, user, labels, become } = host;
  return { name, address, port, user, labels, become: [...become].sort() };
}
