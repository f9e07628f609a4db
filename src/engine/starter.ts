import { isAmong, type Principal } from "../access/principal.ts";
import type { Runbook } from "../runbooks/runbook.ts";
import type { Trigger } from "../runs/records.ts";

/** Who starts a run that no alert asks for. */
export type Starter =
  /** `api`: a program that is nobody's. What a program does with a person's token, that person does. */
  | { readonly kind: "person" | "api"; readonly principal: Principal }
  /** Configuration, so that no `access.run` is asked for. */
  | { readonly kind: "schedule"; readonly name: string };

/** A person over all their sessions and tokens has an id of this kind. */
const PERSON = /^user:/;

export function starterOf(principal: Principal): Starter {
  return { kind: PERSON.test(principal.id) ? "person" : "api", principal };
}

/** As it is stored and compared: `user:dana`, `schedule:nightly`. */
export function starterId(starter: Starter): string {
  return starter.kind === "schedule" ? `schedule:${starter.name}` : starter.principal.id;
}

export function triggerOf(starter: Starter): Trigger {
  return { kind: starter.kind, rule: null, episodeId: null, principal: starterId(starter) };
}

/** Null when they may; otherwise who may, as the runbook's `access.run` has it. */
export function whoElseMayRun(
  starter: Starter,
  { access }: Pick<Runbook, "access">,
): readonly string[] | null {
  if (starter.kind === "schedule" || starter.principal.isLocal) return null;
  const may = access?.run ?? [];
  return isAmong(starter.principal, may) ? null : may;
}
