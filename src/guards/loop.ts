import { formatDurationMs } from "../platform/durations.ts";
import type { Verdict } from "./verdict.ts";

/** Runs of one rule on one host that are allowed in {@link LOOP_WINDOW_MS}. */
export const LOOP_STARTS_MAX = 3;
export const LOOP_WINDOW_MS = 3_600_000;

/** An alert on a host that opens within this time after a run of ours changed the host continues that run's chain. */
export const LOOP_CHAIN_MS = 10 * 60_000;

export interface LoopFacts {
  readonly rule: string;
  /** Names of the hosts that the run would change. */
  readonly hosts: readonly string[];
  /** Starts of this rule on each host in the last {@link LOOP_WINDOW_MS}. */
  readonly startsOnHost: ReadonlyMap<string, number>;
  /** The rules of the runs that led here, newest first. */
  readonly chain: readonly string[];
}

/** A remedy that causes the next alert is stopped: too many runs of a rule on one host, or rules that start one another in turn. */
export function judgeLoop({ rule, hosts, startsOnHost, chain }: LoopFacts): Verdict {
  const texts = hosts.flatMap((host) => {
    const starts = startsOnHost.get(host) ?? 0;
    if (starts < LOOP_STARTS_MAX) return [];
    return [`on ${host} rule ${rule} has started ${starts} times within ${formatDurationMs(LOOP_WINDOW_MS)}`];
  });
  const counted = texts.length === 0 ? [] : [`${texts.join("; ")}; ${LOOP_STARTS_MAX} times are allowed`];
  const circle = circleOf(rule, chain);
  const turned = circle === null ? [] : [`each of these rules started the next one: ${circle.join(" -> ")}`];
  if (counted.length + turned.length === 0) return { kind: "passes" };
  return { kind: "refuses", reason: "loop", text: [...counted, ...turned].join("; ") };
}

/** From the rule over others back to it, oldest first; null when the chain does not lead back over another rule. */
function circleOf(rule: string, chain: readonly string[]): string[] | null {
  const other = chain.findIndex((name) => name !== rule);
  const again = other === -1 ? -1 : chain.indexOf(rule, other);
  return again === -1 ? null : [rule, ...chain.slice(0, again + 1)].toReversed();
}
