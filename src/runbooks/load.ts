import type { Expression } from "../expressions/expression.ts";
import { hasTemplate, type Template } from "../expressions/templates.ts";
import { sha256 } from "../platform/digest.ts";
import { type FileProblem, formatProblem } from "../platform/problems.ts";
import { recordOf, YamlFile } from "../platform/yaml.ts";
import { type ApprovalTerms, compileApproval } from "./check-approval.ts";
import { compileAsserts } from "./check-asserts.ts";
import { checkConfirm } from "./check-confirm.ts";
import { checkInputs, compileShowIfs } from "./check-inputs.ts";
import { compileSteps } from "./compile-step.ts";
import { bodyOf, type Draft, draftOf, pathOf, type StepDraft } from "./draft.ts";
import { type Checking, checkTemplate } from "./expressions.ts";
import type { Budget } from "./guards.ts";
import { checkGuardKeys, readBudgetHosts, toGuards, toRate } from "./load-guards.ts";
import type { Assert, Body, Runbook } from "./runbook.ts";
import { type RunbookEntry, runbookSchema } from "./schema.ts";
import { scopesOf } from "./scope.ts";

const RUN_TIMEOUT_MS = 30 * 60_000;

/** The text of a stored runbook is no runbook (any more). */
export class RunbookError extends Error {
  override readonly name = "RunbookError";
  readonly problems: readonly FileProblem[];

  constructor(file: string, problems: readonly FileProblem[]) {
    super(`runbook ${file} cannot be used:\n${problems.map(formatProblem).join("\n")}`);
    this.problems = problems;
  }
}

/** The runbook of one file; undefined, with everything that is wrong pushed in the order of the file, when it has an error. */
export function loadRunbook(file: YamlFile, problems: FileProblem[]): Runbook | undefined {
  const shape: FileProblem[] = [];
  const draft = draftOf(file, file.validate(runbookSchema, shape));
  const found: FileProblem[] = [];
  checkInputs(draft, found);
  const guards = { file, path: ["guards"], problems: found, raw: draft.raw["guards"] };
  checkGuardKeys(guards, "runbook");
  found.push(...shape.filter((problem) => !found.some((better) => isSamePlace(better, problem))));
  const checking: Checking = { draft, scopes: scopesOf(draft), problems: found, templates: new Map() };
  const body = compileSteps(checking);
  checkIds(draft, [], found);
  checkFixedTexts(draft, found);
  checkConfirm(draft, found);
  const parts: CompiledParts = {
    body,
    approval: compileApproval(checking),
    asserts: compileAsserts(checking),
    summary: compileSummary(checking),
    showIfs: compileShowIfs(checking),
    result: compileResult(checking),
    budgetHosts: readBudgetHosts(guards),
  };
  problems.push(...inFileOrder(found));
  if (draft.entry === undefined || found.some((problem) => problem.severity === "error")) return undefined;
  return toRunbook(checking, draft.entry, parts);
}

/** Compiles a stored text, such as that of a run's frozen plan. Throws {@link RunbookError} when it no longer compiles. */
export function compileRunbook(text: string, file: string): Runbook {
  const problems: FileProblem[] = [];
  const parsed = YamlFile.parse(file, text, problems);
  const runbook = parsed === undefined ? undefined : loadRunbook(parsed, problems);
  if (runbook === undefined) throw new RunbookError(file, problems);
  return runbook;
}

function isSamePlace(left: FileProblem, right: FileProblem): boolean {
  return left.line === right.line && left.column === right.column;
}

/** Sorted by place, each once: a target of the whole runbook is checked for every step. */
function inFileOrder(problems: readonly FileProblem[]): FileProblem[] {
  const sorted = problems.toSorted((left, right) => left.line - right.line || left.column - right.column);
  return sorted.filter((problem, index) => {
    const isRepeat = (other: FileProblem) => isSamePlace(other, problem) && other.message === problem.message;
    return sorted.findIndex(isRepeat) === index;
  });
}

/** An id means one step, also inside of others. A step with `targets` has the same id on each of them. */
function checkIds(draft: Draft, around: readonly StepDraft[], problems: FileProblem[]): void {
  const owners = new Map<string, StepDraft>(around.map((step) => [step.id, step]));
  for (const step of draft.steps) {
    const earlier = owners.get(step.id);
    if (earlier !== undefined) {
      const { line } = draft.file.problem(pathOf(earlier), "", "");
      const message = `the step in line ${line} has the id "${step.id}" already`;
      problems.push(draft.file.problem([...pathOf(step), "id"], "repeated-name", message));
      continue;
    }
    owners.set(step.id, step);
    const isList = step.action?.verb === "for_each" && step.raw["targets"] === undefined;
    if (isList) checkIds(bodyOf(draft, step), [...owners.values()], problems);
  }
}

function checkFixedTexts(draft: Draft, problems: FileProblem[]): void {
  for (const key of ["title", "description", "owner"]) {
    const text = draft.raw[key];
    if (typeof text === "string" && hasTemplate(text))
      problems.push(draft.file.problem([key], "template-not-here", `a runbook's ${key} is a fixed text`));
  }
}

function compileSummary(checking: Checking): Template | undefined {
  const text = checking.draft.raw["summary"];
  if (typeof text !== "string") return undefined;
  return checkTemplate(checking, { path: ["summary"], text, place: { kind: "summary" }, present: [] }, true);
}

/** Only a run that succeeded has a result, so that every step has been tried. */
function compileResult(checking: Checking): Runbook["result"] {
  const result = new Map<string, Template | string | number | boolean>();
  for (const [name, value] of Object.entries(recordOf(checking.draft.raw["result"]))) {
    if (typeof value === "number" || typeof value === "boolean") result.set(name, value);
    if (typeof value !== "string") continue;
    const source = {
      path: ["result", name],
      text: value,
      place: { kind: "success" as const },
      present: [],
    };
    result.set(name, checkTemplate(checking, source, false) ?? value);
  }
  return result;
}

/** What was compiled, as far as it could be. */
interface CompiledParts {
  readonly body: Body;
  readonly result: Runbook["result"];
  readonly approval: ApprovalTerms | null;
  readonly asserts: readonly Assert[];
  readonly summary: Template | undefined;
  readonly showIfs: ReadonlyMap<string, Expression>;
  readonly budgetHosts: Budget["hosts"];
}

function toRunbook(checking: Checking, entry: RunbookEntry, parts: CompiledParts): Runbook {
  const { draft } = checking;
  const { file, text } = draft.file;
  const { view = [], run = [], approve = [] } = entry.access ?? {};
  return {
    name: entry.name,
    title: entry.title ?? entry.name,
    description: entry.description ?? "",
    owner: entry.owner ?? null,
    tags: entry.tags,
    access: entry.access === undefined ? null : { view, run, approve },
    file,
    text,
    digest: sha256(text),
    inputs: new Map(
      [...draft.inputs].flatMap(([name, input]) =>
        input === undefined ? [] : [[name, { ...input, showIf: parts.showIfs.get(name) ?? null }]],
      ),
    ),
    guards: { ...toGuards(entry.guards, parts.budgetHosts), perUser: toPerUser(entry) },
    asserts: parts.asserts,
    confirm: entry.confirm?.type_value_of ?? null,
    approval: parts.approval,
    timeoutMs: entry.timeout ?? RUN_TIMEOUT_MS,
    httpHosts: entry.http_hosts,
    secrets: entry.secrets,
    ...parts.body,
    summary: parts.summary ?? null,
    result: parts.result,
  };
}

function toPerUser({ guards }: RunbookEntry): Runbook["guards"]["perUser"] {
  return guards.per_user === undefined ? null : toRate(guards.per_user);
}
