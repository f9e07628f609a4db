import { hasTemplate } from "../expressions/templates.ts";
import type { FileProblem } from "../platform/problems.ts";
import type { Path, YamlFile } from "../platform/yaml.ts";
import { handOnProblem, wholeInput } from "../runbooks/hand-on.ts";
import { allSteps, type Runbook, type Step } from "../runbooks/runbook.ts";
import { CALL_DEPTH_MAX } from "../runbooks/verbs/call.ts";
import { adviceFor } from "./advice.ts";
import type { Loaded } from "./loaded.ts";

type Call = Extract<Step, { verb: "runbook" }>;

/** A step that calls a runbook, and where it stands. */
export interface CallPlace {
  readonly loaded: Loaded;
  readonly caller: Runbook;
  readonly step: Call;
  readonly path: Path;
  readonly file: YamlFile;
  readonly problems: FileProblem[];
}

/** What one runbook file cannot know of the runbooks that it calls. */
export function checkCall(place: CallPlace): void {
  const { loaded, caller, step } = place;
  const { name } = step.spec;
  const called = loaded.runbooks.get(name)?.runbook;
  if (called === undefined) {
    if (loaded.brokenRunbooks === null || loaded.brokenRunbooks.has(name)) return;
    const known = [...loaded.runbooks.keys(), ...loaded.brokenRunbooks];
    return report(
      place,
      ["name"],
      "unknown-runbook",
      `there is no runbook "${name}"${adviceFor(name, known)}`,
    );
  }
  checkInputs(place, called);
  const chain = findTooDeep(loaded, [caller.name, name]);
  if (chain === null) return;
  const message = `runbooks call each other at most ${CALL_DEPTH_MAX} deep, and never themselves: ${chain.join(" -> ")}`;
  report(place, ["name"], "calls-too-deep", message);
}

function report({ problems, file, path }: CallPlace, at: Path, code: string, message: string, onKey = false) {
  problems.push(file.problem([...path, "runbook", ...at], code, message, { onKey }));
}

function checkInputs(place: CallPlace, called: Runbook): void {
  const given = place.step.spec.with;
  const names = [...called.inputs.keys()];
  for (const name of Object.keys(given)) {
    if (called.inputs.has(name)) continue;
    const message = `runbook "${called.name}" has no input "${name}"${adviceFor(name, names)}`;
    report(place, ["with", name], "unknown-input", message, true);
  }
  for (const input of called.inputs.values()) {
    if (!input.isRequired || input.default !== undefined || Object.hasOwn(given, input.name)) continue;
    const message = `runbook "${called.name}" needs input "${input.name}"; give it one by with:`;
    report(place, ["name"], "missing-input", message);
  }
  for (const [name, value] of Object.entries(given)) {
    if (typeof value !== "string" || hasTemplate(value) || called.inputs.get(name)?.type !== "secret")
      continue;
    report(place, ["with", name], "secret-in-file", "a secret is not written into a runbook");
  }
  checkHandedOn(place, called);
}

/** A secret and a file go as a whole from an input to one of the same type, and nowhere else. */
function checkHandedOn(place: CallPlace, called: Runbook): void {
  for (const [name, value] of Object.entries(place.step.spec.with)) {
    const input = called.inputs.get(name);
    if (input === undefined || typeof value !== "string" || !hasTemplate(value)) continue;
    const from = place.caller.inputs.get(wholeInput(value) ?? "") ?? null;
    const problem = handOnProblem(from, input);
    if (problem !== null) report(place, ["with", name], "not-handed-on", problem);
  }
}

/** A chain of calls that comes back to a runbook of its own, or is too deep; null when there is none. */
function findTooDeep(loaded: Loaded, chain: readonly string[]): readonly string[] | null {
  const last = chain.at(-1) ?? "";
  if (chain.indexOf(last) !== chain.length - 1 || chain.length > CALL_DEPTH_MAX) return chain;
  const runbook = loaded.runbooks.get(last)?.runbook;
  for (const step of runbook === undefined ? [] : allSteps(runbook)) {
    if (step.verb !== "runbook") continue;
    const found = findTooDeep(loaded, [...chain, step.spec.name]);
    if (found !== null) return found;
  }
  return null;
}
