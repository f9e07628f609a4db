import { Button, Group, Timeline, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { alert } from "../api/queries.ts";
import type { AlertDetails, Decision } from "../api/types.ts";
import { alertName } from "../pieces/alerts-table.tsx";
import { Answer } from "../pieces/answer.tsx";
import { Facts } from "../pieces/facts.tsx";
import { Link } from "../pieces/link.tsx";
import { Page, Section } from "../pieces/page.tsx";
import { WhyNot } from "../pieces/why-not.tsx";
import { StatusBadge } from "../pieces/status-badge.tsx";
import { Time } from "../pieces/time.tsx";

/** One episode, from firing to its end. */
export function AlertPage() {
  const { id } = useParams({ from: "/alerts/$id" });
  const query = useQuery(alert(id));
  return <Answer query={query}>{(data) => <Content alert={data} />}</Answer>;
}

function Content({ alert: one }: { readonly alert: AlertDetails }) {
  return (
    <Page
      title={alertName(one)}
      actions={
        <>
          <Button component="a" href={`/api/v1/alerts/${one.id}/bundle.zip`} variant="default">
            Download everything (zip)
          </Button>
          <Button component="a" href={`/api/v1/alerts/${one.id}/delivery`} variant="default">
            As it was received (JSON)
          </Button>
        </>
      }
    >
      <Group gap="xs">
        <StatusBadge status={one.status} />
        {one.outcome === null ? null : <StatusBadge status={one.outcome} />}
      </Group>
      <Section title="From firing to its end">
        <Happened alert={one} />
      </Section>
      <WhyNot alertId={one.id} />
      <Section title="Labels">
        <Facts facts={Object.entries(one.labels)} />
      </Section>
      {Object.keys(one.annotations).length === 0 ? null : (
        <Section title="Annotations">
          <Facts facts={Object.entries(one.annotations)} />
        </Section>
      )}
      <Section title="Source">
        <Facts
          facts={[
            ["Source", one.source],
            ["Fingerprint", one.fingerprint],
            ["Repeats", String(one.repeats)],
          ]}
        />
      </Section>
    </Page>
  );
}

function Happened({ alert: one }: { readonly alert: AlertDetails }) {
  const decisions = one.decisions.toSorted((left, right) => (left.at < right.at ? -1 : 1));
  return (
    <Timeline bulletSize={14} lineWidth={2} active={decisions.length + 2}>
      <Timeline.Item title="Fires">
        <Text size="sm" c="dimmed">
          since <Time at={one.starts_at} />, received <Time at={one.received_at} />
        </Text>
      </Timeline.Item>
      {decisions.map((decision) => (
        <Timeline.Item
          key={`${decision.at} ${decision.kind} ${decision.rule}`}
          title={decisionTitle(decision)}
        >
          <Text size="sm" className="breaks">
            {decisionText(decision)}{" "}
            {decision.run === null ? null : (
              <Link to="/runs/$id" params={{ id: decision.run }}>
                the run
              </Link>
            )}
          </Text>
          <Text size="sm" c="dimmed">
            <Time at={decision.at} />
          </Text>
        </Timeline.Item>
      ))}
      {one.closed_at === null ? null : (
        <Timeline.Item title={one.status === "resolved" ? "Resolved" : `Ended: ${one.status}`}>
          <Text size="sm" c="dimmed">
            <Time at={one.ends_at ?? one.closed_at} />
          </Text>
        </Timeline.Item>
      )}
    </Timeline>
  );
}

function decisionTitle({ kind, rule }: Decision): string {
  return rule === null ? kind.replaceAll("_", " ") : `${kind.replaceAll("_", " ")} by rule ${rule}`;
}

function decisionText({ reason, detail }: Decision): string {
  const text = detail["text"];
  return [reason, typeof text === "string" ? text : null].filter((part) => part !== null).join(": ");
}
