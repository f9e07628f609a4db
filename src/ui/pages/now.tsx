import { useQuery } from "@tanstack/react-query";
import { approvals, pauses, runs, alerts } from "../api/queries.ts";
import { Answer, Empty } from "../pieces/answer.tsx";
import { AlertsTable } from "../pieces/alerts-table.tsx";
import { ApprovalsList } from "../pieces/approvals-list.tsx";
import { Facts } from "../pieces/facts.tsx";
import { Page, Section } from "../pieces/page.tsx";
import { RunsTable } from "../pieces/runs-table.tsx";
import { Time } from "../pieces/time.tsx";

/** What needs somebody, what is going on, and what went wrong last. */
export function NowPage() {
  const waiting = useQuery(approvals("status=pending&limit=20"));
  const running = useQuery(runs("status=running&limit=20"));
  const failed = useQuery(runs("status=failed&limit=5"));
  const newest = useQuery(alerts("limit=10"));
  const paused = useQuery(pauses());
  return (
    <Page title="Now">
      <Section title="Waits for a person">
        <Answer query={waiting}>
          {({ items }) => (
            <ApprovalsList
              approvals={items.toSorted((left, right) => Number(right.may_decide) - Number(left.may_decide))}
            />
          )}
        </Answer>
      </Section>
      <Section title="Running">
        <Answer query={running}>
          {({ items }) => <RunsTable runs={items} none="Nothing is running." />}
        </Answer>
      </Section>
      <Section title="Last failures">
        <Answer query={failed}>{({ items }) => <RunsTable runs={items} none="No run has failed." />}</Answer>
      </Section>
      <Section title="Newest alerts">
        <Answer query={newest}>{({ items }) => <AlertsTable alerts={items} />}</Answer>
      </Section>
      <Section title="Pauses">
        <Answer query={paused}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty>Nothing is paused.</Empty>
            ) : (
              <Facts
                facts={items.map((pause) => [
                  pause.name,
                  <>
                    {pause.scope} until <Time at={pause.until} />: {pause.reason} ({pause.principal})
                  </>,
                ])}
              />
            )
          }
        </Answer>
      </Section>
    </Page>
  );
}
