import type { Path } from "../platform/yaml.ts";
import { adviceFor } from "./advice.ts";
import { report, type RulePlace } from "./rule-place.ts";

/** Whether people hear of what a rule does, and whether those it names are there. */
export function checkTelling(place: RulePlace): void {
  const { rule } = place;
  for (const [index, { to, events }] of (rule.notify ?? []).entries()) {
    checkNotifier(place, ["notify", index, "to"], to);
    for (const [position, event] of events.entries())
      checkEvent(place, ["notify", index, "events", position], event);
  }
  for (const [index, rung] of rule.ladder.entries())
    if (rung.kind === "tell") checkNotifier(place, ["ladder", index, "notify", "to"], rung.to);
  const isTold = rule.notify === null ? place.loaded.source.isAnyoneTold !== false : rule.notify.length > 0;
  if (rule.mode === "observe" || isTold) return;
  const where = rule.notify === null ? "to the settings or to the rule" : "with an entry";
  const message = `nobody would be told when a run of this rule fails; add notify: ${where}, or use mode: observe`;
  report(place, ["mode"], "nobody-told", message);
}

/** The sources by which alerts of the rule come and that cannot be asked for anything; empty when that is not known. */
export function sourcesWithoutApi({ rule, loaded }: Pick<RulePlace, "rule" | "loaded">): readonly string[] {
  const { sourceNames, sourcesWithApi } = loaded.source;
  const concerned = rule.source === null ? sourceNames : [rule.source];
  return sourcesWithApi === undefined ? [] : concerned.filter((name) => !sourcesWithApi.includes(name));
}

/** An alert that is silenced sends no resolve: without the source's API nobody would learn whether it recovered. */
export function checkSilence(place: RulePlace): void {
  const { rule } = place;
  const [first, ...others] = sourcesWithoutApi(place);
  if (rule.silenceForMs === null || rule.verify.check !== null || first === undefined) return;
  const names = [first, ...others].map((name) => `"${name}"`).join(", ");
  const which = others.length === 0 ? `source ${names} has` : `sources ${names} have`;
  const another = rule.source === null ? ", name a source that has one" : "";
  const message = `${which} no api in the settings, so nobody could be asked whether a silenced alert recovered; give it one${another}, or judge by verify.check`;
  report(place, ["silence"], "silence-needs-api", message, true);
}

function checkNotifier(place: RulePlace, path: Path, name: string): void {
  const known = place.loaded.source.notifierNames;
  if (known.includes(name)) return;
  const message = `the settings have no notifier "${name}"${adviceFor(name, known)}`;
  report(place, path, "unknown-notifier", message);
}

function checkEvent(place: RulePlace, path: Path, event: string): void {
  const known = place.loaded.source.noticeEvents;
  if (known === undefined || known.includes(event)) return;
  const message = `there is no event "${event}"${adviceFor(event, known)}`;
  report(place, path, "unknown-event", message);
}
