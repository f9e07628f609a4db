import { closestWord, type FileProblem } from "../platform/problems.ts";
import type { Path } from "../platform/yaml.ts";
import { bindInput } from "../runbooks/inputs.ts";
import { allSteps, type Runbook } from "../runbooks/runbook.ts";
import { hasTemplate } from "../expressions/templates.ts";
import type { Loaded, LoadedRule } from "./loaded.ts";

/** A rule, and where its problems go. */
interface RulePlace extends LoadedRule {
  readonly loaded: Loaded;
  readonly problems: FileProblem[];
}

/** What one rule file cannot know: the sources, the runbooks and their inputs, the hosts. */
export function checkRules(loaded: Loaded, problems: FileProblem[]): void {
  for (const one of loaded.rules) {
    const { rule } = one;
    const place: RulePlace = { ...one, loaded, problems };
    checkSource(place);
    checkTelling(place);
    if (rule.runbook === null) continue;
    const runbook = loaded.runbooks.get(rule.runbook)?.runbook;
    if (runbook === undefined) checkExists(place, rule.runbook);
    else {
      checkInputs(place, runbook);
      checkAutomation(place, runbook);
    }
  }
}

function report(place: RulePlace, path: Path, code: string, message: string, onKey = false): void {
  place.problems.push(place.file.problem([...place.path, ...path], code, message, { onKey }));
}

function checkSource(place: RulePlace): void {
  const { source } = place.rule;
  const known = place.loaded.source.sourceNames;
  if (source === null || known.includes(source)) return;
  report(
    place,
    ["source"],
    "unknown-source",
    `the settings have no source "${source}"${advice(source, known)}`,
  );
}

function checkTelling(place: RulePlace): void {
  if (place.rule.mode !== "auto" || place.loaded.source.isAnyoneTold !== false) return;
  const message =
    "nobody would be told when a run of this rule fails; add notify: to the settings, or use mode: observe";
  report(place, ["mode"], "nobody-told", message);
}

function checkExists(place: RulePlace, name: string): void {
  const { brokenRunbooks, runbooks } = place.loaded;
  if (brokenRunbooks === null || brokenRunbooks.has(name)) return;
  const names = [...runbooks.keys(), ...brokenRunbooks];
  report(place, ["runbook"], "unknown-runbook", `there is no runbook "${name}"${advice(name, names)}`);
}

function advice(word: string, known: readonly string[]): string {
  const meant = closestWord(word, known);
  if (meant !== undefined) return `; did you mean "${meant}"?`;
  return known.length === 0 || known.length > 20 ? "" : `; there are: ${known.join(", ")}`;
}

function checkInputs(place: RulePlace, runbook: Runbook): void {
  const names = [...runbook.inputs.keys()];
  for (const [name, value] of place.rule.with) {
    const input = runbook.inputs.get(name);
    if (input === undefined) {
      const message = `runbook "${runbook.name}" has no input "${name}"${advice(name, names)}`;
      report(place, ["with", name], "unknown-input", message, true);
      continue;
    }
    if (typeof value === "object") continue;
    if (input.type === "host" && place.loaded.isInventoryBroken) continue;
    const bound = bindInput(input, value, place.loaded.inventory);
    if ("code" in bound) report(place, ["with", name], bound.code, `input "${name}": ${bound.message}`);
  }
  for (const input of runbook.inputs.values()) {
    if (!input.isRequired || input.default !== undefined || place.rule.with.has(input.name)) continue;
    const message = `runbook "${runbook.name}" needs input "${input.name}"; give it one by with:`;
    report(place, ["runbook"], "missing-input", message);
  }
}

/** A rule in `auto` that would only ever be refused, because a host it always changes is out of automation. */
function checkAutomation(place: RulePlace, runbook: Runbook): void {
  if (place.rule.mode !== "auto" || place.loaded.isInventoryBroken) return;
  const { inventory } = place.loaded;
  const changed = allSteps(runbook).filter((step) => step.effect !== "read" && !hasTemplate(step.target));
  for (const name of new Set(changed.map((step) => step.target))) {
    const host = inventory.hosts.find((one) => one.name === name || one.aliases.includes(name));
    if (host === undefined || host.isAutomated) continue;
    const message = `runbook "${runbook.name}" changes host ${host.name}, which has automation: off, so no run of this rule could start`;
    report(place, ["runbook"], "automation-off", message);
  }
}
