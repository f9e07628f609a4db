import type { Verdict } from "./verdict.ts";

/** A host whose inventory entry says `automation: off` is never changed by a rule; people still may. */
export function judgeAutomation(
  changedHosts: readonly { readonly name: string; readonly isAutomated: boolean }[],
): Verdict {
  const off = changedHosts.filter((host) => !host.isAutomated).map((host) => host.name);
  if (off.length === 0) return { kind: "passes" };
  return {
    kind: "refuses",
    reason: "automation_off",
    text: `hosts.yml says automation: off for ${off.join(", ")}`,
  };
}
