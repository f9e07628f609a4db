import { useQuery } from "@tanstack/react-query";
import { rules } from "../api/queries.ts";
import type { Rule, Statistics } from "../api/types.ts";
import { Answer, Empty } from "../pieces/answer.tsx";
import { DataTable } from "../pieces/data-table.tsx";
import { Link } from "../pieces/link.tsx";
import { Page } from "../pieces/page.tsx";
import { secondsText } from "../pieces/time.tsx";

/** Rules in the order in which they are tried, with what they did in the last week. */
export function RulesPage() {
  const query = useQuery(rules());
  return (
    <Page title="Rules">
      <Answer query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>There is no rule yet: nothing is done about any alert.</Empty>
          ) : (
            <DataTable
              label="Rules"
              items={items}
              keyOf={(rule) => rule.name}
              columns={[
                { title: "#", cell: (rule) => rule.position },
                { title: "Rule", cell: (rule) => rule.name },
                { title: "Mode", cell: (rule) => rule.mode },
                {
                  title: "Runbook",
                  cell: ({ runbook }) =>
                    runbook === null ? (
                      "–"
                    ) : (
                      <Link to="/runbooks/$name" params={{ name: runbook }}>
                        {runbook}
                      </Link>
                    ),
                },
                { title: "Alerts, 7 days", cell: (rule) => weekOf(rule)?.episodes ?? "" },
                { title: "Fixed", cell: (rule) => rateText(weekOf(rule)) },
                { title: "Median to fix", cell: (rule) => medianText(weekOf(rule)) },
                { title: "Refusals", cell: (rule) => refusalsText(weekOf(rule)) },
                { title: "Breaker", cell: (rule) => rule.breaker?.state ?? "none" },
                { title: "File", cell: (rule) => `${rule.file}:${rule.line}` },
              ]}
            />
          )
        }
      </Answer>
    </Page>
  );
}

function weekOf(rule: Rule): Statistics | null {
  const week = rule.statistics["days_7"];
  return typeof week === "object" ? week : null;
}

function rateText(statistics: Statistics | null): string {
  const rate = statistics?.success_rate ?? null;
  return rate === null ? "–" : `${Math.round(rate * 100)} %`;
}

function medianText(statistics: Statistics | null): string {
  const seconds = statistics?.median_seconds_to_fix ?? null;
  return seconds === null ? "–" : secondsText(seconds);
}

function refusalsText(statistics: Statistics | null): string {
  return (statistics?.decisions ?? [])
    .filter(({ kind, reason }) => reason !== null && (kind === "refused" || kind === "delayed"))
    .map(({ reason, count }) => `${reason} ${count}`)
    .join(", ");
}
