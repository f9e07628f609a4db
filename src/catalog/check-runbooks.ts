import { hasTemplate } from "../expressions/templates.ts";
import { HostLookupError } from "../hosts/inventory.ts";
import type { FileProblem } from "../platform/problems.ts";
import type { Path, YamlFile } from "../platform/yaml.ts";
import { needsCatalog } from "../runbooks/check-inputs.ts";
import { bindInput } from "../runbooks/inputs.ts";
import type { Body, Runbook, Step } from "../runbooks/runbook.ts";
import { runsOnHost, TARGET_NAME } from "../runbooks/verbs.ts";
import { adviceFor } from "./advice.ts";
import { checkGuards } from "./check-guards.ts";
import { checkCall } from "./check-calls.ts";
import { checkStepSource, type StepPlace } from "./check-step-sources.ts";
import type { Loaded } from "./loaded.ts";

/** What one runbook file cannot know: the notifiers, the hosts and the time intervals it names. */
export function checkRunbooks(loaded: Loaded, problems: FileProblem[]): void {
  for (const { runbook, file } of loaded.runbooks.values()) {
    checkDefaults(loaded, runbook, file, problems);
    checkGuards({ loaded, file, path: [], problems }, runbook.guards);
    checkSecrets(loaded, runbook, file, problems);
    for (const { step, path } of stepsWithPaths(runbook)) {
      const place = { loaded, step, path, file, problems };
      checkNotifier(place);
      checkStepSource(place);
      if (step.verb === "runbook") checkCall({ ...place, step, caller: runbook });
      if (!loaded.isInventoryBroken) checkTarget(place);
    }
  }
}

/** Every step with its path in the runbook's file, those inside of others as well. */
export function stepsWithPaths(
  body: Body,
  around: Path = [],
): { readonly step: Step; readonly path: Path }[] {
  const at = (section: string, steps: readonly Step[]) =>
    steps.flatMap((step, index) => withInside(step, [...around, section, index]));
  return [...at("steps", body.steps), ...at("on_failure", body.onFailure), ...at("finally", body.finally)];
}

function withInside(step: Step, path: Path): { readonly step: Step; readonly path: Path }[] {
  if (step.body === null) return [{ step, path }];
  const isTargets = step.verb === "for_each" && step.spec.as === TARGET_NAME;
  // A step with `targets` and what it does on each of them stand at the same place.
  const inside = isTargets
    ? step.body.steps.map((inner) => ({ step: inner, path }))
    : stepsWithPaths(step.body, [...path, "for_each"]);
  return [{ step, path }, ...inside];
}

function checkDefaults(loaded: Loaded, runbook: Runbook, file: YamlFile, problems: FileProblem[]): void {
  for (const input of runbook.inputs.values()) {
    if (input.default === undefined || !needsCatalog(input)) continue;
    const isHost = input.type === "host" || input.type === "hosts";
    if (isHost ? loaded.isInventoryBroken : input.rows === null) continue;
    const bound = bindInput(input, input.default, loaded.inventory);
    for (const { code, message, index } of bound.ok ? [] : bound.refusals) {
      const path = ["inputs", input.name, "default", ...(index === undefined ? [] : [index])];
      problems.push(file.problem(path, code, message));
    }
  }
}

function checkSecrets(loaded: Loaded, runbook: Runbook, file: YamlFile, problems: FileProblem[]): void {
  const known = loaded.source.secretNames;
  if (known === undefined) return;
  for (const [index, name] of runbook.secrets.entries()) {
    if (known.includes(name)) continue;
    const message = `the settings have no secret "${name}"${adviceFor(name, known)}`;
    problems.push(file.problem(["secrets", index], "unknown-secret", message));
  }
}

function checkNotifier({ loaded, step, path, file, problems }: StepPlace): void {
  if (step.verb !== "notify") return;
  const known = loaded.source.notifierNames;
  const { to } = step.spec;
  if (known.includes(to)) return;
  const message = `the settings have no notifier "${to}"${adviceFor(to, known)}`;
  problems.push(file.problem([...path, "notify", "to"], "unknown-notifier", message));
}

function checkTarget({ loaded, step, path, file, problems }: StepPlace): void {
  if (!runsOnHost(step) || hasTemplate(step.target)) return;
  try {
    const host = loaded.inventory.resolve(step.target);
    if (step.become === null || host.become.includes(step.become)) return;
    const message = `the inventory does not allow steps to become ${step.become} on host ${host.name}`;
    problems.push(file.problem([...path, "become"], "become-not-allowed", message));
  } catch (error) {
    if (!(error instanceof HostLookupError)) throw error;
    problems.push(file.problem([...path, "target"], error.code, error.message));
  }
}
