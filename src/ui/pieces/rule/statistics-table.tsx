import type { ReactNode } from "react";
import type { Rule, Statistics } from "../../api/types.ts";
import { Empty } from "../answer.tsx";
import { decisionText } from "../decision-words.ts";
import { Link } from "../link.tsx";
import { Scrolling } from "../scrolling.tsx";
import { secondsText } from "../time.tsx";
import classes from "./statistics.module.css";
import { DAYS, heldBack, SelfResolved, statisticsOf, SuccessRate } from "./counts.tsx";

type Line = readonly [name: ReactNode, key: string, cell: (statistics: Statistics) => ReactNode];

/** Everything that is counted of a rule, the three windows side by side. */
export function StatisticsTable({ rule }: { readonly rule: Rule }) {
  const lines = linesOf(rule);
  return (
    <>
      <Scrolling label="Statistics">
        <table className={classes["statistics"]}>
          <thead>
            <tr>
              <th scope="col">In the last</th>
              {DAYS.map((days) => (
                <th key={days} scope="col">
                  {days === "1" ? "1 day" : `${days} days`}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {lines.map(([name, key, cell]) => (
              <tr key={key}>
                <th scope="row">{name}</th>
                {DAYS.map((days) => (
                  <td key={days}>{cell(statisticsOf(rule, days))}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolling>
      {rule.statistics.complete ? null : <Empty>The counts are still being made, and grow.</Empty>}
    </>
  );
}

function linesOf(rule: Rule): Line[] {
  const { name } = rule;
  const month = rule.statistics.days_30;
  const reasons = heldBack(month);
  const kinds = month.decisions.filter((one) => !reasons.includes(one) && one.kind !== "repeat");
  const count = (statistics: Statistics, kind: string, reason: string | null) =>
    statistics.decisions.find((one) => one.kind === kind && one.reason === reason)?.count ?? 0;
  return [
    [
      <Link key="alerts" to="/alerts" search={{ rule: name }}>
        Alerts
      </Link>,
      "alerts",
      ({ episodes }) => episodes,
    ],
    ...[...kinds, ...reasons].map(
      ({ kind, reason }): Line => [
        <Link
          key={`${kind} ${reason ?? ""}`}
          to="/alerts"
          search={{ rule: name, decision: kind, ...(reason === null ? {} : { reason }) }}
        >
          {decisionText({ kind, reason, rule: null })}
        </Link>,
        `${kind} ${reason ?? ""}`,
        (statistics) => count(statistics, kind, reason),
      ],
    ),
    ["Runs that succeeded", "succeeded", ({ runs }) => runs.succeeded],
    ["Runs that did not", "not", ({ runs }) => runs.failed + runs.timed_out + runs.interrupted],
    ["Cancelled or rejected", "cancelled", ({ runs }) => runs.cancelled + runs.rejected],
    ["Fixed", "fixed", (statistics) => <SuccessRate statistics={statistics} />],
    ["No effect", "no-effect", ({ outcomes }) => outcomes.no_effect],
    ["Worse", "worse", ({ outcomes }) => outcomes.worse],
    ["Outcome unknown", "unknown", ({ outcomes }) => outcomes.unknown],
    ["Went away alone", "alone", (statistics) => <SelfResolved mode={rule.mode} statistics={statistics} />],
    [
      "Median time to fix",
      "median",
      ({ median_seconds_to_fix: seconds }) => (seconds === null ? "–" : secondsText(seconds)),
    ],
  ];
}
