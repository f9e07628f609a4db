import { hasTemplate } from "../expressions/templates.ts";
import type { FileProblem } from "../platform/problems.ts";
import type { Path } from "../platform/yaml.ts";
import type { Mode, Rule, With } from "../rules/rule.ts";
import { needsCatalog } from "../runbooks/check-inputs.ts";
import { mustBeGiven } from "../runbooks/input-shapes.ts";
import { bindInput, type Input } from "../runbooks/inputs.ts";
import { allSteps, type Runbook } from "../runbooks/runbook.ts";
import { adviceFor } from "./advice.ts";
import { checkGuards } from "./check-guards.ts";
import { checkSilence, checkTelling } from "./check-telling.ts";
import type { Loaded } from "./loaded.ts";
import { report, type RulePlace } from "./rule-place.ts";
import { RUNS_SOMEWHERE } from "../runbooks/verbs.ts";

/** A place of a rule that names a runbook: the rule itself, a rung of its ladder, its `on_resolve`. */
interface RunbookUse {
  readonly name: string;
  readonly namePath: Path;
  readonly with: With;
  readonly withPath: Path;
  readonly mode: Mode;
}

/** What one rule file cannot know: the sources, the runbooks and their inputs, the hosts, who is told, the time intervals. */
export function checkRules(loaded: Loaded, problems: FileProblem[]): void {
  const names = new Map<string, Rule>();
  for (const one of loaded.rules) {
    const place: RulePlace = { ...one, loaded, problems };
    checkName(place, names);
    checkSource(place);
    checkTelling(place);
    checkSilence(place);
    checkGuards(place, one.rule.guards);
    for (const use of runbookUses(place)) checkUse(place, use);
  }
}

function runbookUses({ rule }: RulePlace): RunbookUse[] {
  const { runbook, mode, onResolve } = rule;
  const uses: RunbookUse[] = [];
  if (runbook !== null)
    uses.push({ name: runbook, namePath: ["runbook"], with: rule.with, withPath: ["with"], mode });
  for (const [index, rung] of rule.ladder.entries()) {
    if (rung.kind === "tell") continue;
    const path = ["ladder", index];
    uses.push({
      name: rung.runbook,
      namePath: [...path, "runbook"],
      with: rung.with,
      withPath: [...path, "with"],
      mode: rung.mode ?? mode,
    });
  }
  if (onResolve.kind === "run")
    uses.push({
      name: onResolve.runbook,
      namePath: ["on_resolve", "run"],
      with: onResolve.with,
      withPath: ["on_resolve", "with"],
      mode,
    });
  return uses;
}

function checkUse(place: RulePlace, use: RunbookUse): void {
  const runbook = place.loaded.runbooks.get(use.name)?.runbook;
  if (runbook === undefined) {
    checkExists(place, use);
    return;
  }
  checkInputs(place, use, runbook);
  checkAutomation(place, use, runbook);
}

/** `earlier` has the rules that came before it, in the order in which rules are tried. */
function checkName(place: RulePlace, earlier: Map<string, Rule>): void {
  const { rule } = place;
  const first = earlier.get(rule.name);
  if (first === undefined) earlier.set(rule.name, rule);
  else {
    const message = `the rule "${rule.name}" is already in ${first.file}:${first.line}`;
    report(place, ["name"], "repeated-name", message);
  }
}

function checkSource(place: RulePlace): void {
  const { source } = place.rule;
  const known = place.loaded.source.sourceNames;
  if (source === null || known.includes(source)) return;
  const message = `the settings have no source "${source}"${adviceFor(source, known)}`;
  report(place, ["source"], "unknown-source", message);
}

function checkExists(place: RulePlace, { name, namePath }: RunbookUse): void {
  const { brokenRunbooks, runbooks } = place.loaded;
  if (brokenRunbooks === null || brokenRunbooks.has(name)) return;
  const names = [...runbooks.keys(), ...brokenRunbooks];
  report(place, namePath, "unknown-runbook", `there is no runbook "${name}"${adviceFor(name, names)}`);
}

function checkInputs(place: RulePlace, use: RunbookUse, runbook: Runbook): void {
  const names = [...runbook.inputs.keys()];
  for (const [name, value] of use.with) {
    const input = runbook.inputs.get(name);
    if (input === undefined) {
      const message = `runbook "${runbook.name}" has no input "${name}"${adviceFor(name, names)}`;
      report(place, [...use.withPath, name], "unknown-input", message, true);
      continue;
    }
    const held = heldContent(input);
    if (held !== undefined) {
      const message = `input "${name}" of runbook "${runbook.name}" is ${held}, which a rule cannot give; leave it to people`;
      report(place, [...use.withPath, name], "not-from-a-rule", message, true);
      continue;
    }
    if (typeof value === "object") continue;
    checkValue(place, [...use.withPath, name], input, value);
  }
  for (const input of runbook.inputs.values()) {
    if (!mustBeGiven(input) || use.with.has(input.name)) continue;
    const held = heldContent(input);
    const message =
      held !== undefined
        ? `runbook "${runbook.name}" needs input "${input.name}", ${held}, which a rule cannot give; write required: false there, or leave the runbook to people`
        : `runbook "${runbook.name}" needs input "${input.name}"; give it one by with:`;
    report(place, use.namePath, "missing-input", message);
  }
}

/** What is in a rule, or in an alert, is there for everybody to read, and neither has a file. */
function heldContent(input: Input): string | undefined {
  if (input.type === "secret") return "a secret";
  return input.type === "file" ? "a file" : undefined;
}

function checkValue(place: RulePlace, path: Path, input: Input, value: unknown): void {
  const isHost = input.type === "host" || input.type === "hosts";
  if (isHost ? place.loaded.isInventoryBroken : needsCatalog(input) && input.rows === null) return;
  const bound = bindInput(input, value, place.loaded.inventory);
  for (const { code, message } of bound.ok ? [] : bound.refusals)
    report(place, path, code, `input "${input.name}": ${message}`);
}

/** A start that would always be refused, because a host that the runbook always changes is out of automation. */
function checkAutomation(place: RulePlace, use: RunbookUse, runbook: Runbook): void {
  if (use.mode === "observe" || place.loaded.isInventoryBroken) return;
  const { inventory } = place.loaded;
  const changed = allSteps(runbook).filter(
    (step) => step.effect !== "read" && RUNS_SOMEWHERE.has(step.verb) && !hasTemplate(step.target),
  );
  for (const name of new Set(changed.map((step) => step.target))) {
    const host = inventory.hosts.find((one) => one.name === name || one.aliases.includes(name));
    if (host === undefined || host.isAutomated) continue;
    const message = `runbook "${runbook.name}" changes host ${host.name}, which has automation: off, so no run of this rule could start`;
    report(place, use.namePath, "automation-off", message);
  }
}
