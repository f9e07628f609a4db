import type { Rule, Statistics } from "../../api/types.ts";
import { reasonWord } from "../decision-words.ts";
import { Link } from "../link.tsx";

export const DAYS = ["1", "7", "30"] as const;
export type Days = (typeof DAYS)[number];

export function statisticsOf({ statistics }: Pick<Rule, "statistics">, days: Days): Statistics {
  return statistics[`days_${days}`];
}

/** `80 %`, with the counts that it comes from; a dash where no run has an outcome. */
export function SuccessRate({ statistics }: { readonly statistics: Statistics }) {
  const { success_rate: rate, outcomes } = statistics;
  const all = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
  if (rate === null) return <span className="dim">–</span>;
  return (
    <>
      {percentText(rate)}{" "}
      <span className="dim small number">
        {outcomes.fixed} of {all}
      </span>
    </>
  );
}

export interface SelfResolvedProps {
  readonly mode: Rule["mode"];
  readonly statistics: Statistics;
}

/** How many alerts went away by themselves while the rule only observed. */
export function SelfResolved({ mode, statistics }: SelfResolvedProps) {
  const { self_resolved: count, episodes } = statistics;
  // Where the rule acts nothing goes away alone that is counted.
  if (episodes === 0 || (mode !== "observe" && count === 0)) return <span className="dim">–</span>;
  return (
    <>
      {percentText(count / episodes)}{" "}
      <span className="dim small number">
        {count} of {episodes}
      </span>
    </>
  );
}

function percentText(part: number): string {
  return `${Math.round(part * 100)} %`;
}

type HeldBack = Statistics["decisions"][number];

export function heldBack({ decisions }: Statistics): readonly HeldBack[] {
  return decisions.filter(
    ({ kind, reason }) => reason !== null && (kind === "refused" || kind === "delayed"),
  );
}

export interface RefusalsProps {
  readonly rule: string;
  readonly statistics: Statistics;
}

/** What held its starts back, each reason a way to the alerts. */
export function Refusals({ rule, statistics }: RefusalsProps) {
  const all = heldBack(statistics);
  if (all.length === 0) return null;
  return (
    <span className="statuses">
      {all.map(({ kind, reason, count }) => (
        <Link
          key={`${kind} ${reason ?? ""}`}
          to="/alerts"
          search={{ rule, decision: kind, reason: reason ?? "" }}
          className="number"
          title={`Alerts that were ${kind} last: ${reasonWord(reason ?? "")}`}
        >
          {reasonWord(reason ?? "")} {count}
        </Link>
      ))}
    </span>
  );
}
