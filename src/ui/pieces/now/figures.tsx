import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { stats, status } from "../../api/queries.ts";
import type { Statistics } from "../../api/types.ts";
import { Answer, Empty } from "../answer.tsx";
import { counted } from "../counted.ts";
import { secondsText } from "../time.tsx";
import { Figure } from "./figure.tsx";

const FIGURES = 6;

/** The last seven days in a few figures, and the configuration that is in use. */
export function Figures() {
  const week = useQuery(stats("days=7"));
  const { data: now } = useQuery(status());
  if (week.isPending)
    return (
      <div className="figures" aria-hidden={true}>
        {Array.from({ length: FIGURES }, (_, figure) => (
          <Skeleton key={figure} height="5.4rem" radius="md" />
        ))}
      </div>
    );
  return (
    <Answer query={week}>
      {({ totals, complete }) => (
        <>
          <div className="figures">
            <Figure name="Alerts, 7 days" value={String(totals.episodes)} to="/alerts" />
            <Figure
              name="No rule matched"
              value={String(countOf(totals, "no_match"))}
              to="/alerts"
              search={{ decision: "no_match" }}
            />
            <Figure name="Runs" value={String(runsOf(totals))} to="/runs" />
            <Figure
              name="Fixed by a run"
              value={totals.success_rate === null ? "–" : `${Math.round(totals.success_rate * 100)} %`}
              about={outcomesText(totals)}
              to="/runs"
              search={{ outcome: "fixed" }}
            />
            <Figure
              name="Median to fix"
              value={totals.median_seconds_to_fix === null ? "–" : secondsText(totals.median_seconds_to_fix)}
              to="/rules"
            />
            <Figure
              name="Configuration"
              value={
                now === undefined ? "…" : now.configuration.last_reload?.ok === false ? "refused" : "in use"
              }
              about={
                now === undefined ? "" : `${counted(now.rules, "rule")}, ${counted(now.runbooks, "runbook")}`
              }
              to="/status"
            />
          </div>
          {complete ? null : <Empty>The figures are still being counted, and grow.</Empty>}
        </>
      )}
    </Answer>
  );
}

function countOf({ decisions }: Statistics, kind: string): number {
  return decisions.filter((one) => one.kind === kind).reduce((sum, { count }) => sum + count, 0);
}

function runsOf({ runs: ends }: Statistics): number {
  return Object.values(ends).reduce((sum, count) => sum + count, 0);
}

function outcomesText({ outcomes }: Statistics): string {
  const all = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
  return all === 0 ? "no run with an outcome" : `${outcomes.fixed} of ${all} with an outcome`;
}
