import type { Expression } from "../expressions/expression.ts";
import { hasTemplate } from "../expressions/templates.ts";
import { LOCAL_HOST } from "../hosts/host.ts";
import { type Path, recordOf } from "../platform/yaml.ts";
import { templatedValues } from "./check-silence.ts";
import { bodyOf, pathOf, type StepDraft } from "./draft.ts";
import { checkStep } from "./check-step.ts";
import { type Checking, checkExpression, checkTemplate } from "./expressions.ts";
import { wholeInput } from "./hand-on.ts";
import type { Present } from "./references.ts";
import {
  type Action,
  allSteps,
  type Body,
  type Effect,
  EFFECTS,
  type Section,
  type Step,
} from "./runbook.ts";
import type { StepEntry } from "./schema.ts";
import { goesOnAfterFailure, isEvidence, type Place, scopesOf } from "./scope.ts";
import { defaultEffect, defaultTimeoutMs, isNesting, runsOnHost } from "./verbs.ts";
import { secretTemplate } from "./verbs/put.ts";

const DELAY_MS = 5_000;

/** Keys of http that only the service at the other end reads. */
const SECRET_HTTP_KEYS: ReadonlySet<string> = new Set(["headers", "json", "body"]);

/** Compiles what a step says; undefined when the step could not be read. Problems are pushed either way. */
export function compileStep(checking: Checking, step: StepDraft): Step | undefined {
  const before: Place = { kind: "step", step };
  const after: Place = { kind: "result", step };
  const condition = expressionAt(checking, step, "if", before, [], "bool");
  const present = condition?.presentWhenTrue ?? [];
  checkTexts(checking, step, present);
  const target = compileTarget(checking, step);
  const until = expressionAt(checking, step, "until", after, present, "bool");
  const failIf = expressionAt(checking, step, "fail_if", after, present, "bool");
  const outputs = compileOutputs(checking, step, present);
  if (step.entry === undefined || step.action === undefined) return undefined;
  const expressions = { if: condition ?? null, until: until ?? null, failIf: failIf ?? null, outputs };
  const body = step.action.verb === "for_each" ? compileBody(checking, step) : null;
  if (step.action.verb === "runbook") checkCall(checking, step);
  const keys = commonKeys(checking, step, step.entry, step.action);
  const effect = body === null ? keys.effect : effectOf(body);
  return { ...keys, effect, target, ...expressions, body, ...step.action };
}

/** The steps inside of a step, checked and compiled like those of a runbook. */
function compileBody(checking: Checking, step: StepDraft): Body {
  const draft = bodyOf(checking.draft, step);
  const inner: Checking = { ...checking, draft, scopes: scopesOf(draft), templates: new Map() };
  return compileSteps(inner);
}

/** Every step of the draft. Problems are pushed; a step that has one may be left out. */
export function compileSteps(checking: Checking): Body {
  const { draft, templates } = checking;
  const steps = draft.steps.map((step) => {
    checkStep(checking, step);
    return compileStep(checking, step);
  });
  const section = (name: Section) =>
    steps.filter((step, index): step is Step => step !== undefined && draft.steps[index]?.section === name);
  return {
    steps: section("steps"),
    onFailure: section("on_failure"),
    finally: section("finally"),
    templates,
  };
}

/** The worst that one of the steps does. */
function effectOf(body: Body): Effect {
  const effects = allSteps(body).map((step) => step.effect);
  return EFFECTS.findLast((effect) => effects.includes(effect)) ?? "read";
}

/** What a called runbook gets is bound before the run starts. */
function checkCall(checking: Checking, step: StepDraft): void {
  if (step.action?.verb !== "runbook") return;
  for (const [name, value] of Object.entries(step.action.spec.with)) {
    if (typeof value !== "string") continue;
    const path = [...pathOf(step), "runbook", "with", name];
    const handsOn = checking.draft.inputs.get(wholeInput(value) ?? "")?.type === "secret";
    checkTemplate(checking, { path, text: value, place: { kind: "with", handsOn }, present: [] }, false);
  }
}

function commonKeys(checking: Checking, step: StepDraft, entry: StepEntry, action: Action) {
  const effect = entry.effect ?? defaultEffect(action);
  const isRead = effect === "read";
  const { preview, shell = "sh" } = entry;
  const hasPreview = preview !== undefined && !isNesting(action.verb);
  // One silence for each step is made, however often it is asked for.
  const isRepeatable = isRead || action.verb === "silence";
  const ownTimeoutMs = entry.timeout ?? entry.http?.timeoutMs;
  return {
    id: step.id,
    name: entry.name ?? null,
    effect,
    env: entry.env ?? {},
    become: entry.become === true ? "root" : entry.become === false ? null : (entry.become ?? null),
    timeoutMs: ownTimeoutMs ?? defaultTimeoutMs(action, effect),
    retries: entry.retries ?? 0,
    delayMs: entry.delay ?? DELAY_MS,
    continueOnError: goesOnAfterFailure(step),
    isEvidence: isEvidence(step),
    onInterrupt: entry.on_interrupt ?? (isRepeatable ? "retry" : "stop"),
    retryOn: entry.retry_on ?? (isRepeatable ? (["failed", "timed_out"] as const) : []),
    isCritical: entry.critical ?? false,
    preview: hasPreview ? { script: preview, shell } : null,
    askOnFailure: entry.ask_on_failure ?? null,
    line: checking.draft.file.problem(pathOf(step), "", "").line,
  };
}

function expressionAt(
  checking: Checking,
  step: StepDraft,
  key: "if" | "until" | "fail_if",
  place: Place,
  present: Present,
  result: "bool",
): Expression | undefined {
  const text = step.raw[key];
  if (typeof text !== "string") return undefined;
  return checkExpression(checking, { path: [...pathOf(step), key], text, place, present }, result);
}

function compileOutputs(checking: Checking, step: StepDraft, present: Present): Map<string, Expression> {
  const outputs = new Map<string, Expression>();
  for (const [name, text] of Object.entries(step.entry?.outputs ?? {})) {
    const path = [...pathOf(step), "outputs", name];
    if (!/^[a-z][a-z0-9_]*$/.test(name)) {
      const message = "an output's name has a-z, 0-9 and _, and begins with a letter";
      checking.problems.push(checking.draft.file.problem(path, "invalid-value", message, { onKey: true }));
    }
    const expression = checkExpression(checking, { path, text, place: { kind: "result", step }, present });
    if (expression !== undefined) outputs.set(name, expression);
  }
  return outputs;
}

/** A step's own target, the runbook's, or the machine Nightshift runs on. */
function compileTarget(checking: Checking, step: StepDraft): string {
  const own = step.raw["target"];
  const ofRunbook = checking.draft.raw["target"];
  const isRemote =
    step.action !== undefined && runsOnHost({ verb: step.action.verb, preview: step.entry?.preview });
  const text = own ?? (isRemote ? ofRunbook : undefined) ?? LOCAL_HOST;
  if (typeof text !== "string") return LOCAL_HOST;
  const path = own === undefined ? ["target"] : [...pathOf(step), "target"];
  checkTemplate(checking, { path, text, place: { kind: "target" }, present: [] }, false);
  return text;
}

/** Texts of the env and of the verb that may hold a value. Scripts, queries and names may not; `check-step.ts` says so. */
function checkTexts(checking: Checking, step: StepDraft, present: Present): void {
  for (const [path, text] of textsOf(step.raw["env"], ["env"])) {
    const place: Place = { kind: "step", step, mayReadSecrets: true };
    checkTemplate(checking, { path: [...pathOf(step), ...path], text, place, present }, true);
  }
  const verb = step.action?.verb;
  if (verb === undefined || verb === "run" || verb === "wait" || isNesting(verb)) return;
  for (const [path, text] of textsOf(step.raw[verb], [verb])) {
    if (isFixed(path)) continue;
    const isText = !(verb === "http" && path[1] === "json");
    const mayReadSecrets =
      (verb === "http" && SECRET_HTTP_KEYS.has(String(path[1]))) || (verb === "put" && path[1] === "from");
    const place: Place = { kind: "step", step, mayReadSecrets };
    checkTemplate(checking, { path: [...pathOf(step), ...path], text, place, present }, isText);
  }
  checkPutSecret(checking, step, present);
  for (const { path, value, at } of verb === "silence" ? templatedValues(step) : [])
    checkTemplate(checking, { path, text: value, at, place: { kind: "step", step }, present }, true);
}

/** Code and names, and what is read before values are put in. */
function isFixed(path: Path): boolean {
  if (path[0] === "prometheus") return path[1] === "query" || path.at(-1) === "then";
  return path[0] === "silence" && path[1] === "matchers";
}

/** The name of a secret stands for its template. */
function checkPutSecret(checking: Checking, step: StepDraft, present: Present): void {
  const name =
    step.entry?.put === undefined ? undefined : recordOf(recordOf(step.raw["put"])["from"])["secret"];
  if (typeof name !== "string") return;
  const path = [...pathOf(step), "put", "from", "secret"];
  const place: Place = { kind: "step", step, mayReadSecrets: true };
  checkTemplate(checking, { path, text: secretTemplate(name), place, present }, true);
}

function textsOf(value: unknown, path: Path): [Path, string][] {
  if (typeof value === "string") return hasTemplate(value) ? [[path, value]] : [];
  if (Array.isArray(value)) return value.flatMap((item: unknown, index) => textsOf(item, [...path, index]));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => textsOf(item, [...path, key]));
}
