import type { HostHold } from "../runs/guard-records.ts";
import { timeText } from "./time-text.ts";
import type { Verdict } from "./verdict.ts";

/** A hold that is in force. */
export type HeldHost = Pick<HostHold, "host" | "untilMs" | "reason" | "principal">;

/**
 * A host whose inventory entry says `automation: off`, or that a person holds, is never changed by a rule; people still may
 * change it. `holds` are those in force now, of any hosts.
 */
export function judgeAutomation(
  changedHosts: readonly { readonly name: string; readonly isAutomated: boolean }[],
  holds: readonly HeldHost[] = [],
): Verdict {
  const off = changedHosts.filter((host) => !host.isAutomated).map((host) => host.name);
  const changed = new Set(changedHosts.map((host) => host.name));
  const held = holds.filter(({ host }) => changed.has(host)).map(holdText);
  const texts = off.length === 0 ? held : [`hosts.yml says automation: off for ${off.join(", ")}`, ...held];
  if (texts.length === 0) return { kind: "passes" };
  return { kind: "refuses", reason: "automation_off", text: texts.join("; ") };
}

function holdText({ host, untilMs, principal, reason }: HeldHost): string {
  return `${host} is on hold until ${timeText(untilMs)} by ${principal}: ${reason}`;
}
