import type { FileProblem } from "../platform/problems.ts";
import { needsCatalog } from "../runbooks/check-inputs.ts";
import { mustBeGiven } from "../runbooks/input-shapes.ts";
import { bindInput, type Input } from "../runbooks/inputs.ts";
import type { Runbook } from "../runbooks/runbook.ts";
import type { LoadedSchedule } from "../schedules/load.ts";
import { adviceFor } from "./advice.ts";
import type { Loaded } from "./loaded.ts";

type Report = (path: readonly string[], code: string, message: string, onKey?: boolean) => void;

/** What one file of schedules cannot know: the other schedules, the runbooks with their inputs, the hosts. */
export function checkSchedules(loaded: Loaded, problems: FileProblem[]): void {
  const earlier = new Map<string, LoadedSchedule>();
  for (const one of loaded.schedules) {
    const { schedule, file, path } = one;
    const report: Report = (at, code, message, onKey = false) =>
      problems.push(file.problem([...path, ...at], code, message, { onKey }));
    const first = earlier.get(schedule.name)?.schedule;
    if (first === undefined) earlier.set(schedule.name, one);
    else {
      const message = `the schedule "${schedule.name}" is already in ${first.file}:${first.line}`;
      report(["name"], "repeated-name", message);
    }
    const runbook = loaded.runbooks.get(schedule.runbook)?.runbook;
    if (runbook === undefined) checkExists(loaded, schedule.runbook, report);
    else checkInputs(loaded, one, runbook, report);
  }
}

function checkExists({ runbooks, brokenRunbooks }: Loaded, name: string, report: Report): void {
  if (brokenRunbooks === null || brokenRunbooks.has(name)) return;
  const advice = adviceFor(name, [...runbooks.keys(), ...brokenRunbooks]);
  report(["runbook"], "unknown-runbook", `there is no runbook "${name}"${advice}`);
}

function checkInputs(loaded: Loaded, { schedule }: LoadedSchedule, runbook: Runbook, report: Report): void {
  for (const [name, value] of Object.entries(schedule.with)) {
    const input = runbook.inputs.get(name);
    if (input !== undefined) {
      checkValue(loaded, input, value, report);
      continue;
    }
    const advice = adviceFor(name, [...runbook.inputs.keys()]);
    report(
      ["with", name],
      "unknown-input",
      `runbook "${runbook.name}" has no input "${name}"${advice}`,
      true,
    );
  }
  for (const input of runbook.inputs.values()) {
    if (!mustBeGiven(input) || Object.hasOwn(schedule.with, input.name)) continue;
    const message = isHeld(input)
      ? `runbook "${runbook.name}" needs input "${input.name}", a ${input.type}, which a schedule cannot give; leave it to people`
      : `runbook "${runbook.name}" needs input "${input.name}"; give it one by with:`;
    report(["runbook"], "missing-input", message);
  }
}

/** What stands in a schedule is there for everybody to read, and it has no file. */
function isHeld(input: Input): boolean {
  return input.type === "secret" || input.type === "file";
}

function checkValue(loaded: Loaded, input: Input, value: unknown, report: Report): void {
  if (isHeld(input)) {
    const message = `input "${input.name}" is a ${input.type}, which a schedule cannot give; leave it to people`;
    report(["with", input.name], "not-from-a-schedule", message, true);
    return;
  }
  const isHost = input.type === "host" || input.type === "hosts";
  if (isHost ? loaded.isInventoryBroken : needsCatalog(input) && input.rows === null) return;
  const bound = bindInput(input, value, loaded.inventory);
  for (const { code, message } of bound.ok ? [] : bound.refusals)
    report(["with", input.name], code, `input "${input.name}": ${message}`);
}
