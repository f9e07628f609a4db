import { type Matcher, MatcherError, parseMatchers, selectorMatches } from "../expressions/matchers.ts";
import { Re2Error } from "../expressions/re2.ts";
import type { Host } from "../hosts/host.ts";
import type { Pause } from "../runs/guard-records.ts";
import { timeText } from "./time-text.ts";
import type { Verdict } from "./verdict.ts";

/** Which starts a pause is about. */
export type PauseScope =
  | { readonly kind: "all" }
  | { readonly kind: "rule" | "runbook"; readonly name: string }
  /** Runs on any host that all matchers fit. */
  | { readonly kind: "hosts"; readonly matchers: readonly Matcher[] };

export type ParsedPauseScope =
  | { readonly ok: true; readonly scope: PauseScope }
  /** What is wrong, and what to write. */
  | { readonly ok: false; readonly message: string };

const FORMS = "write all, rule:NAME, runbook:NAME or hosts:SELECTOR";

/** Reads `all`, `rule:NAME`, `runbook:NAME` or `hosts:SELECTOR`: matchers over a host's labels, and over `name`. */
export function parsePauseScope(text: string): ParsedPauseScope {
  if (text === "all") return { ok: true, scope: { kind: "all" } };
  const [, kind, rest = ""] = /^(rule|runbook|hosts):(.*)$/su.exec(text) ?? [];
  const value = rest.trim();
  if (kind === "hosts") return parseSelector(value);
  if (kind !== "rule" && kind !== "runbook")
    return { ok: false, message: `"${text}" is no scope of a pause; ${FORMS}` };
  if (value === "") return { ok: false, message: `the name is missing; write it like ${kind}:NAME` };
  return { ok: true, scope: { kind, name: value } };
}

function parseSelector(selector: string): ParsedPauseScope {
  try {
    const matchers = parseMatchers(selector);
    if (matchers.length > 0) return { ok: true, scope: { kind: "hosts", matchers } };
    const message =
      'the selector is empty, which never means every host; write it like hosts:role="web", or all';
    return { ok: false, message };
  } catch (error) {
    if (!(error instanceof MatcherError)) throw error;
    return { ok: false, message: `hosts:${selector}: ${error.message}` };
  }
}

export interface PauseFacts {
  /** Those that have ended or were removed stop nothing. */
  readonly pauses: readonly Pause[];
  /** Null when no rule starts the run. */
  readonly rule: string | null;
  readonly runbook: string;
  /** The hosts of the plan. */
  readonly hosts: readonly Pick<Host, "name" | "labels">[];
  readonly nowMs: number;
}

/** Nothing that a pause is about starts before its end. What is about to start waits for the last of all that apply. */
export function judgePauses(facts: PauseFacts): Verdict {
  const applying = facts.pauses.filter(
    (pause) => pause.removedAtMs === null && pause.untilMs > facts.nowMs && applies(pause, facts),
  );
  if (applying.length === 0) return { kind: "passes" };
  const texts = applying
    .toSorted((left, right) => right.untilMs - left.untilMs)
    .map(
      ({ name, scope, untilMs, principal, reason }) =>
        `"${name}" (${scope}) until ${timeText(untilMs)} by ${principal}: ${reason}`,
    );
  return {
    kind: "delays",
    reason: "paused",
    retryAtMs: Math.max(...applying.map((pause) => pause.untilMs)),
    text: `paused by ${texts.join("; and by ")}`,
  };
}

/** A scope that cannot be read stops everything: somebody wanted a stop, and too much of it harms less than none. */
function applies(pause: Pause, { rule, runbook, hosts }: PauseFacts): boolean {
  const parsed = parsePauseScope(pause.scope);
  if (!parsed.ok) return true;
  const { scope } = parsed;
  switch (scope.kind) {
    case "all":
      return true;
    case "rule":
      return scope.name === rule;
    case "runbook":
      return scope.name === runbook;
    case "hosts":
      return hosts.some((host) => selects(scope.matchers, host));
  }
}

export function selects(
  matchers: readonly Matcher[],
  { name, labels }: Pick<Host, "name" | "labels">,
): boolean {
  try {
    return selectorMatches(matchers, new Map([...Object.entries(labels), ["name", name]]));
  } catch (error) {
    // A label that is too long for a regular expression: it cannot be said that the host is not meant.
    if (error instanceof Re2Error) return true;
    throw error;
  }
}
