import { hasTemplate } from "../expressions/templates.ts";
import type { Path } from "../platform/yaml.ts";
import { checkPut } from "./check-put.ts";
import { checkQuery } from "./check-query.ts";
import { checkSilence } from "./check-silence.ts";
import { pathOf, type StepDraft } from "./draft.ts";
import { envNameProblem } from "./env-names.ts";
import type { Checking } from "./expressions.ts";
import type { Input } from "./inputs.ts";
import { type Effect, type Verb, VERBS } from "./runbook.ts";
import { goesOnAfterFailure, isEvidence, isHostList, loopNames } from "./scope.ts";
import { defaultEffect, isNesting, MAY_BECOME, RUNS_SOMEWHERE, runsOnHost, STARTS_PROCESS } from "./verbs.ts";

/** What the schema cannot say about a step: one verb, keys that its verb knows, no value from outside inside a program. */
export function checkStep(checking: Checking, step: StepDraft): void {
  const verb = checkVerb(checking, step);
  if (step.action?.verb === "for_each") checkLoop(checking, step);
  // What a step with `targets` does is checked as the step inside of it.
  if (Object.hasOwn(step.raw, "targets")) return checkTargets(checking, step, verb);
  checkFixedTexts(checking, step);
  if (step.entry === undefined || verb === undefined) return;
  checkKeys(checking, step, verb);
  checkPeople(checking, step, verb);
  checkEnv(checking, step);
  checkTarget(checking, step, verb);
  if (verb === "prometheus") checkStepQuery(checking, step);
  if (verb === "silence") checkSilence(checking, step);
  if (step.action?.verb === "put")
    checkPut(checking, step.action.spec.from, [...pathOf(step), "put", "from"]);
  if (step.action?.verb === "wait" && step.action.spec.durationMs === null && step.entry.until === undefined)
    report(
      checking,
      [...pathOf(step), "wait"],
      "missing-key",
      "wait: {} waits for the step's until; write one",
    );
}

function report(checking: Checking, path: Path, code: string, message: string, onKey = false): void {
  checking.problems.push(checking.draft.file.problem(path, code, message, { onKey }));
}

function checkVerb(checking: Checking, step: StepDraft): Verb | undefined {
  const [first, second] = VERBS.filter((key) => Object.hasOwn(step.raw, key));
  if (first === undefined) {
    // A verb that is spelled wrong is an unknown key already.
    if (step.entry === undefined) return undefined;
    const message = `a step needs one of: ${VERBS.join(", ")}`;
    report(checking, pathOf(step), "no-verb", message);
  } else if (second !== undefined) {
    const message = `a step does one thing: "${first}" or "${second}"; make two steps of it`;
    report(checking, [...pathOf(step), second], "two-verbs", message, true);
  }
  return second === undefined ? VERBS.find((verb) => verb === first) : undefined;
}

/** Texts that are code or names: a value from outside has no place in them. */
function checkFixedTexts(checking: Checking, step: StepDraft): void {
  const { name } = step.raw;
  checkScript(checking, step, "run");
  checkScript(checking, step, "preview");
  if (typeof name === "string" && hasTemplate(name))
    report(checking, [...pathOf(step), "name"], "template-not-here", "a step's name is a fixed text");
}

const TEMPLATE = /\$\{\{\s*(.*?)\s*(\}\}|$)/g;

function checkScript(checking: Checking, step: StepDraft, key: "run" | "preview"): void {
  const script = step.raw[key];
  if (typeof script !== "string") return;
  for (const match of script.matchAll(TEMPLATE)) {
    const inner = match[1] ?? "";
    const name = (/(\w+)\W*$/.exec(inner)?.[1] ?? "value").toUpperCase();
    const message =
      `a value inside a script would become part of the program; ` +
      `pass it through env: {${name}: "\${{ ${inner} }}"} and write "$${name}" in the script`;
    const place = { offset: match.index, length: match[0].length };
    const path = [...pathOf(step), key];
    checking.problems.push(checking.draft.file.problem(path, "template-in-script", message, place));
  }
}

/** Keys that would be ignored by the step's verb. */
function checkKeys(checking: Checking, step: StepDraft, verb: Verb): void {
  const isLeaf = (which: Verb) => !isNesting(which);
  const ownSteps = "the steps inside have their own";
  const hasPreview = step.entry?.preview !== undefined && isLeaf(verb);
  const meaning: readonly [string, (verb: Verb) => boolean, string][] = [
    ["retries", isLeaf, ownSteps],
    ["until", isLeaf, ownSteps],
    ["fail_if", isLeaf, ownSteps],
    ["timeout", isLeaf, ownSteps],
    ["effect", isLeaf, "it is that of the steps inside"],
    ["retry_on", isLeaf, ownSteps],
    ["on_interrupt", isLeaf, ownSteps],
    ["ask_on_failure", isLeaf, ownSteps],
    ["preview", isLeaf, ownSteps],
    [
      "preview",
      (which) => !isLeaf(which) || effectOf(step) !== "read",
      "a step that only reads is run by a dry run as it is",
    ],
    ["shell", (which) => which === "run" || hasPreview, "it belongs to run and preview"],
    [
      "target",
      (which) => RUNS_SOMEWHERE.has(which) || which === "for_each" || hasPreview,
      "Nightshift itself does this step",
    ],
    [
      "become",
      (which) => MAY_BECOME.has(which) || hasPreview,
      "it belongs to run, command, collect, put and preview",
    ],
    ["env", (which) => STARTS_PROCESS.has(which) || hasPreview, "it belongs to run, command and preview"],
  ];
  for (const [key, isFor, why] of meaning) {
    if (!Object.hasOwn(step.raw, key) || isFor(verb)) continue;
    const message = `"${key}" does nothing in a step with "${verb}": ${why}`;
    report(checking, [...pathOf(step), key], "not-for-this-verb", message, true);
  }
}

function effectOf({ entry, action }: StepDraft): Effect | undefined {
  return entry?.effect ?? (action === undefined ? undefined : defaultEffect(action));
}

/** What a step that waits for people does not have, and what keeps a person from being asked. */
function checkPeople(checking: Checking, step: StepDraft, verb: Verb): void {
  if (verb === "approve")
    for (const key of NOT_FOR_APPROVE) {
      if (!Object.hasOwn(step.raw, key)) continue;
      const own = key === "timeout" ? "; write it inside: approve: {timeout: 30m}" : "";
      const message = `"${key}" does nothing in a step with "approve": it waits for people${own}`;
      report(checking, [...pathOf(step), key], "not-for-this-verb", message, true);
    }
  else if (step.entry?.ask_on_failure !== undefined && goesOnAfterFailure(step)) {
    const fix = isEvidence(step) ? "add critical: true" : "take out continue_on_error";
    const message = `the run goes on when this step fails, so nobody is asked; ${fix}`;
    report(checking, [...pathOf(step), "ask_on_failure"], "never-asked", message, true);
  }
}

const NOT_FOR_APPROVE = [
  "timeout",
  "retries",
  "delay",
  "until",
  "fail_if",
  "effect",
  "outputs",
  "retry_on",
  "on_interrupt",
  "continue_on_error",
  "critical",
  "ask_on_failure",
] as const;

function checkEnv(checking: Checking, step: StepDraft): void {
  for (const [name, value] of Object.entries(step.entry?.env ?? {})) {
    const problem = envNameProblem(name, hasTemplate(value));
    if (problem !== undefined) report(checking, [...pathOf(step), "env", name], "env-name", problem, true);
  }
}

function checkTarget(checking: Checking, step: StepDraft, verb: Verb): void {
  if (!runsOnHost({ verb, preview: step.entry?.preview }) || step.entry?.target !== undefined) return;
  if (Object.hasOwn(checking.draft.raw, "target")) return;
  const inputs = [...checking.draft.inputs.values()];
  const host = inputs.find((input) => input?.type === "host");
  if (host === undefined && !inputs.some((input) => input?.type === "hosts")) return;
  const target = host === undefined ? "the name of a host" : `\${{ inputs.${host.name} }}`;
  const message = `where does this step run? add target: ${target}, or target: local for the machine of Nightshift`;
  report(checking, pathOf(step), "target-required", message);
}

/** The item has a name of its own, and comes from a list. */
function checkLoop(checking: Checking, step: StepDraft): void {
  if (step.action?.verb !== "for_each") return;
  const { input: name, as } = step.action.spec;
  const isTargets = Object.hasOwn(step.raw, "targets");
  const path = [...pathOf(step), ...(isTargets ? ["targets"] : ["for_each", "in"])];
  const input = checking.draft.inputs.get(name);
  if (!checking.draft.inputs.has(name)) {
    const lists = [...checking.draft.inputs.values()].flatMap((one) =>
      one !== undefined && isList(one) ? [one.name] : [],
    );
    const advice = lists.length === 0 ? "" : `; there are: ${lists.join(", ")}`;
    report(checking, path, "expression-unknown-name", `there is no input "${name}"${advice}`);
  } else if (input !== undefined && !(isTargets ? isHostList(input) : isList(input))) {
    const wanted = isTargets ? "hosts" : "hosts or multi_choice";
    report(
      checking,
      path,
      "expression-type",
      `input "${name}" is of type ${input.type}; a list is needed: ${wanted}`,
    );
  }
  if (
    ["inputs", "steps", "run", "secrets", "value", "json", "stdout", "response"].includes(as) ||
    loopNames(checking.draft).has(as)
  )
    report(
      checking,
      [...pathOf(step), "for_each", "as"],
      "repeated-name",
      `"${as}" means something else here; choose another name`,
    );
}

function isList(input: Input): boolean {
  return isHostList(input) || input.type === "multi_choice";
}

function checkTargets(checking: Checking, step: StepDraft, verb: Verb | undefined): void {
  if (Object.hasOwn(step.raw, "target"))
    report(
      checking,
      [...pathOf(step), "target"],
      "two-targets",
      "a step has a target or targets, not both",
      true,
    );
  if (verb !== undefined && !RUNS_SOMEWHERE.has(verb)) {
    const message = `"targets" does nothing in a step with "${verb}": Nightshift itself does this step`;
    report(checking, [...pathOf(step), "targets"], "not-for-this-verb", message, true);
  }
}

function checkStepQuery(checking: Checking, step: StepDraft): void {
  if (step.action?.verb !== "prometheus") return;
  const { query, vars } = step.action.spec;
  const path = [...pathOf(step), "prometheus"];
  checkQuery(checking, { path, queryPath: [...path, "query"], query, vars });
}
