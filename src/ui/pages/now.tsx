import { Button } from "@mantine/core";
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { Link as RouterLink } from "@tanstack/react-router";
import { alerts, approvals, runs } from "../api/queries.ts";
import type { Alert, Approval, List, Run } from "../api/types.ts";
import { AlertsTable } from "../pieces/alert/table.tsx";
import { Answer, Loading } from "../pieces/answer.tsx";
import { ApprovalsList } from "../pieces/approval/list.tsx";
import { Link } from "../pieces/link.tsx";
import { Figures } from "../pieces/now/figures.tsx";
import { FirstAlert } from "../pieces/now/first-alert.tsx";
import { Page, Section } from "../pieces/page.tsx";
import { RunsTable } from "../pieces/run/table.tsx";

const FEW = 5;

/** What needs somebody, what is going on, and what went wrong last. */
export function NowPage() {
  const waiting = useQuery(approvals("status=pending&limit=20"));
  const running = useQuery(runs("status=running&limit=20"));
  const queued = useQuery(runs("status=queued&limit=20"));
  const failed = useQuery(runs(`status=failed&limit=${FEW}`));
  const timedOut = useQuery(runs(`status=timed_out&limit=${FEW}`));
  const interrupted = useQuery(runs(`status=interrupted&limit=${FEW}`));
  const newest = useQuery(alerts(`limit=${FEW}`));
  const unmatched = useQuery(alerts(`limit=${FEW}&status=firing&decision=no_match`));
  const all = [waiting, running, queued, failed, timedOut, interrupted, newest, unmatched];
  return (
    <Page
      title="Now"
      actions={
        <Button renderRoot={(props) => <RouterLink {...props} to="/pauses" />} variant="default" size="xs">
          Pauses
        </Button>
      }
    >
      {all.every(({ isFetched }) => isFetched) ? (
        <Content {...{ waiting, running, queued, failed, timedOut, interrupted, newest, unmatched }} />
      ) : (
        <Loading lines={12} />
      )}
    </Page>
  );
}

interface Lists {
  readonly waiting: UseQueryResult<List<Approval>>;
  readonly running: UseQueryResult<List<Run>>;
  readonly queued: UseQueryResult<List<Run>>;
  readonly failed: UseQueryResult<List<Run>>;
  readonly timedOut: UseQueryResult<List<Run>>;
  readonly interrupted: UseQueryResult<List<Run>>;
  readonly newest: UseQueryResult<List<Alert>>;
  /** Firing, and no rule matched. */
  readonly unmatched: UseQueryResult<List<Alert>>;
}

/** What there is nothing of is left out where it is only of interest when there is something. Shown at once, so that nothing is pushed down. */
function Content({ waiting, running, queued, failed, timedOut, interrupted, newest, unmatched }: Lists) {
  return (
    <>
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
            <RunsTable
              label="Running"
              runs={[...items, ...(queued.data?.items ?? [])]}
              none="Nothing is running."
            />
          )}
        </Answer>
      </Section>
      <Section
        title="Last failures"
        actions={
          <Link to="/runs" search={{ status: "failed" }}>
            all that failed
          </Link>
        }
      >
        <Answer query={failed}>
          {({ items }) => (
            <RunsTable
              label="Last failures"
              runs={[...items, ...(timedOut.data?.items ?? []), ...(interrupted.data?.items ?? [])]
                .toSorted((left, right) => right.created_at.localeCompare(left.created_at))
                .slice(0, FEW)}
              none="No run has failed, timed out, or was interrupted."
            />
          )}
        </Answer>
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
    </>
  );
}
