import { Button, Group, SimpleGrid } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link as RouterLink } from "@tanstack/react-router";
import { alerts, approvals, runs, stats, status } from "../api/queries.ts";
import type { Statistics } from "../api/types.ts";
import { AlertsTable } from "../pieces/alerts-table.tsx";
import { Answer, Empty } from "../pieces/answer.tsx";
import { ApprovalsList } from "../pieces/approvals-list.tsx";
import { counted } from "../pieces/counted.ts";
import { FirstAlert } from "../pieces/first-alert.tsx";
import { Figure } from "../pieces/figure.tsx";
import { Link } from "../pieces/link.tsx";
import { Page, Section } from "../pieces/page.tsx";
import { RunsTable } from "../pieces/runs-table.tsx";
import { secondsText } from "../pieces/time.tsx";

const FEW = 5;

/** What needs somebody, what is going on, and what went wrong last. */
export function NowPage() {
  const waiting = useQuery(approvals("status=pending&limit=20"));
  const running = useQuery(runs("status=running&limit=20"));
  const queued = useQuery(runs("status=queued&limit=20"));
  const failed = useQuery(runs(`status=failed&limit=${FEW}`));
  const newest = useQuery(alerts(`limit=${FEW}`));
  const unmatched = useQuery(alerts(`limit=${FEW}&status=firing&decision=no_match`));
  return (
    <Page
      title="Now"
      actions={
        <Button renderRoot={(props) => <RouterLink {...props} to="/pauses" />} variant="default" size="xs">
          Pauses
        </Button>
      }
    >
      {newest.data?.items.length === 0 ? <FirstAlert /> : null}
      <Figures />
      {waiting.data?.items.length === 0 ? null : (
        <Section title="Waits for a person">
          <Answer query={waiting}>
            {({ items }) => (
              <ApprovalsList
                approvals={items.toSorted(
                  (left, right) => Number(right.may_decide) - Number(left.may_decide),
                )}
              />
            )}
          </Answer>
        </Section>
      )}
      <Section title="Running" actions={<Link to="/runs">all runs</Link>}>
        <Answer query={running}>
          {({ items }) => (
            <RunsTable runs={[...items, ...(queued.data?.items ?? [])]} none="Nothing is running." />
          )}
        </Answer>
      </Section>
      <Section
        title="Last failures"
        actions={
          <Link to="/runs" search={{ status: "failed" }}>
            all failures
          </Link>
        }
      >
        <Answer query={failed}>{({ items }) => <RunsTable runs={items} none="No run has failed." />}</Answer>
      </Section>
      {(unmatched.data?.items.length ?? 0) === 0 ? null : (
        <Section
          title="Firing, and no rule matched"
          actions={
            <Link to="/alerts" search={{ status: "firing", decision: "no_match" }}>
              all of them
            </Link>
          }
        >
          <Answer query={unmatched}>{({ items }) => <AlertsTable alerts={items} />}</Answer>
        </Section>
      )}
      {newest.data?.items.length === 0 ? null : (
        <Section title="Newest alerts" actions={<Link to="/alerts">all alerts</Link>}>
          <Answer query={newest}>{({ items }) => <AlertsTable alerts={items} />}</Answer>
        </Section>
      )}
    </Page>
  );
}

/** The last seven days in a few figures, and the configuration that is in use. */
function Figures() {
  const week = useQuery(stats("days=7"));
  const { data: now } = useQuery(status());
  return (
    <Answer query={week} lines={2}>
      {({ totals, complete }) => (
        <>
          <SimpleGrid cols={{ base: 2, xs: 3, lg: 6 }} spacing="sm">
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
          </SimpleGrid>
          {complete ? null : (
            <Group>
              <Empty>The figures are still being counted, and grow.</Empty>
            </Group>
          )}
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
