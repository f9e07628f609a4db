import type { Path } from "../platform/yaml.ts";
import { type Place, report } from "./place.ts";
import type { RuleConfig } from "./schema.ts";

/** What the schema cannot say about a rule: keys that need one another, or contradict. */
export function checkConsistency(
  config: RuleConfig,
  raw: Readonly<Record<string, unknown>>,
  place: Place,
): void {
  checkStarts(config, place);
  checkRunbookKeys(config, raw, place);
  checkGroups(config, place);
  checkIntervals(config, place);
  if (config.verify.worse !== undefined && config.verify.check === undefined)
    missing(place, ["verify", "worse"], '"worse" needs a "check" whose value it can judge', true);
  if (config.ladder_memory !== undefined && config.ladder === undefined)
    missing(place, ["ladder_memory"], '"ladder_memory" needs a "ladder" to remember', true);
  for (const [index, rung] of (config.ladder ?? []).entries()) checkRung(place, ["ladder", index], rung);
}

function missing(place: Place, path: Path, message: string, onKey = false): void {
  report(place, path, { code: "missing-key", message, onKey });
}

function checkStarts(config: RuleConfig, place: Place): void {
  if (config.mode === "observe") return;
  if (config.runbook === undefined)
    missing(place, ["mode"], `"runbook" is required, since mode ${config.mode} starts one`);
  if (config.matchers.length === 0)
    missing(place, ["mode"], '"matchers" is required: without any, every alert would match');
}

/** Keys that mean nothing without a runbook. */
function checkRunbookKeys(config: RuleConfig, raw: Readonly<Record<string, unknown>>, place: Place): void {
  if (config.runbook !== undefined) return;
  if (Object.keys(config.with).length > 0)
    missing(place, ["with"], '"with" needs a "runbook" to give its inputs to', true);
  if (config.ladder !== undefined)
    missing(place, ["ladder"], '"ladder" needs a "runbook": the ladder goes on where it did not help', true);
  for (const key of ["on_resolve", "silence"])
    if (Object.hasOwn(raw, key))
      missing(place, [key], `"${key}" needs a "runbook": it is about the runs that the rule starts`, true);
}

function checkGroups(config: RuleConfig, place: Place): void {
  const names = config.group_by ?? [];
  for (const [index, name] of names.entries())
    if (names.indexOf(name) !== index)
      report(place, ["group_by", index], {
        code: "invalid-value",
        message: `the label "${name}" is in group_by twice`,
      });
  if (config.when_count !== undefined && config.when_count.min > 1 && config.group_by === undefined)
    missing(
      place,
      ["when_count"],
      `"group_by" is required: without it a group is one alert, so there are never ${config.when_count.min}`,
      true,
    );
}

/** `active` and `mute` may stand in the rule or in its guards; together they are one list. */
function checkIntervals(config: RuleConfig, place: Place): void {
  for (const key of ["active", "mute"] as const) {
    const inGuards = config.guards[key] ?? [];
    for (const [index, name] of (config[key] ?? []).entries())
      if (inGuards.includes(name))
        report(place, [key, index], {
          code: "invalid-value",
          message: `"${name}" is in guards.${key} as well; write it once`,
        });
  }
  const muted = [
    ...(config.mute ?? []).map((name, index) => ({ name, path: ["mute", index] })),
    ...(config.guards.mute ?? []).map((name, index) => ({ name, path: ["guards", "mute", index] })),
  ];
  const active = [...(config.active ?? []), ...(config.guards.active ?? [])];
  for (const { name, path } of muted)
    if (active.includes(name))
      report(place, path, {
        code: "invalid-value",
        message: `"${name}" is in active as well, so nothing could ever start in it`,
      });
}

function checkRung(place: Place, path: Path, rung: NonNullable<RuleConfig["ladder"]>[number]): void {
  const { runbook, notify } = rung;
  if (runbook === undefined && notify === undefined)
    missing(place, path, "a rung needs a runbook to run, or notify to tell a person");
  if (runbook !== undefined && notify !== undefined)
    report(place, [...path, "notify"], {
      code: "two-verbs",
      message: 'a rung does one thing: "runbook" or "notify"; make two rungs of it',
      onKey: true,
    });
  if (runbook !== undefined) return;
  for (const key of ["mode", "with"] as const)
    if (rung[key] !== undefined)
      report(place, [...path, key], {
        code: "not-here",
        message: `"${key}" belongs to a rung with a runbook`,
        onKey: true,
      });
}
