import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link as RouterLink, Navigate, useParams } from "@tanstack/react-router";
import { useAddress } from "../address.ts";
import { ApiError } from "../api/client.ts";
import { alerts, pauses, runs } from "../api/queries.ts";
import { rule } from "../api/rule-queries.ts";
import type { RuleDetails } from "../api/types.ts";
import { AlertsTable } from "../pieces/alert/table.tsx";
import { Answer, Empty } from "../pieces/answer.tsx";
import { AnswerPage } from "../pieces/answer-page.tsx";
import { Facts } from "../pieces/facts.tsx";
import { Link } from "../pieces/link.tsx";
import { Page, Section } from "../pieces/page.tsx";
import { useMay } from "../pieces/rights.ts";
import { Breaker } from "../pieces/rule/breaker.tsx";
import { ModeBadge, MODES } from "../pieces/rule/mode.tsx";
import { StatisticsTable } from "../pieces/rule/statistics-table.tsx";
import { RunsTable } from "../pieces/run/table.tsx";
import { Source } from "../pieces/source.tsx";
import { Words } from "../pieces/words.tsx";

const FEW = 10;

/** One rule: what it says, what it did, and what stops it. */
export function RulePage() {
  const { name } = useParams({ from: "/rules/$name" });
  const query = useQuery(rule(name));
  const [address] = useAddress();
  if (query.error instanceof ApiError && query.error.status === 404) {
    // Explain stood here before: a link to it still leads there, as long as no rule has that name.
    if (name === "explain") return <Navigate to="/explain" search={address} replace />;
    return <Gone name={name} />;
  }
  return (
    <AnswerPage query={query} of={{ to: "/rules", name: "Rules" }}>
      {(data) => <Content key={data.name} rule={data} />}
    </AnswerPage>
  );
}

/** A rule that decided once and has left the configuration, or that never was. */
function Gone({ name }: { readonly name: string }) {
  return (
    <Page title={name} of={{ to: "/rules", name: "Rules" }}>
      <Empty>There is no such rule in the configuration of now. What it once did:</Empty>
      <LastAlerts name={name} />
      <LastRuns name={name} />
    </Page>
  );
}

function Content({ rule: one }: { readonly rule: RuleDetails }) {
  const mayPause = useMay("operate");
  return (
    <Page
      title={one.name}
      of={{ to: "/rules", name: "Rules" }}
      status={<ModeBadge mode={one.mode} />}
      about={`It ${MODES[one.mode]}.`}
      actions={
        mayPause ? (
          <Button
            size="xs"
            variant="default"
            renderRoot={(props) => (
              <RouterLink {...props} to="/pauses" search={{ scope: `rule:${one.name}` }} />
            )}
          >
            Pause this rule
          </Button>
        ) : null
      }
    >
      <Says rule={one} />
      <Section title="Breaker">
        <Breaker rule={one} />
      </Section>
      <Section title="What it did">
        <StatisticsTable rule={one} />
      </Section>
      <LastAlerts name={one.name} />
      <LastRuns name={one.name} />
      <Section title={`${one.file}:${one.line}`}>
        {one.source === null ? (
          <Empty>Its text is not known.</Empty>
        ) : (
          <Source label="Text of the rule" text={one.source} firstLine={one.source_line ?? 1} />
        )}
      </Section>
    </Page>
  );
}

function Says({ rule: one }: { readonly rule: RuleDetails }) {
  const { data } = useQuery(pauses());
  const paused = (data?.items ?? []).filter(
    ({ scope }) => scope === "all" || scope === `rule:${one.name}` || scope === `runbook:${one.runbook}`,
  );
  const values = Object.entries(one.with).map(([name, value]) => `${name} = ${value}`);
  return (
    <Section title="What it says">
      <Facts
        facts={[
          [
            "Paused",
            paused.length === 0 ? null : (
              <Link key="paused" to="/pauses">
                by {paused.map(({ name }) => name).join(", ")}
              </Link>
            ),
          ],
          ["Tried as number", one.position === null ? null : String(one.position)],
          [
            "Matches",
            one.matchers.length === 0 ? "every alert" : <Lines key="m" lines={one.matchers} isCode />,
          ],
          ["If", one.if === null ? null : <Lines key="if" lines={[one.if]} isCode />],
          ["And", one.conditions.length === 0 ? null : <Lines key="c" lines={one.conditions} />],
          [
            "Runs",
            one.runbook === null ? (
              "nothing: it only says that it matched"
            ) : (
              <Link key="runbook" to="/runbooks/$name" params={{ name: one.runbook }}>
                {one.runbook}
              </Link>
            ),
          ],
          ["With", values.length === 0 ? null : <Lines key="w" lines={values} isCode />],
          ["Guards", one.guards.length === 0 ? null : <Lines key="g" lines={one.guards} />],
          ["Then", one.following.length === 0 ? null : <Lines key="f" lines={one.following} />],
        ]}
      />
    </Section>
  );
}

interface LinesProps {
  readonly lines: readonly string[];
  /** As the file has it. */
  readonly isCode?: boolean;
}

function Lines({ lines, isCode = false }: LinesProps) {
  return lines.map((line) => (
    <div key={line}>
      {isCode ? (
        <code>
          <Words text={line} />
        </code>
      ) : (
        <Words text={line} />
      )}
    </div>
  ));
}

function LastAlerts({ name }: { readonly name: string }) {
  const query = useQuery(alerts(`limit=${FEW}&rule=${encodeURIComponent(name)}`));
  return (
    <Section
      title="Last alerts"
      actions={
        <Link to="/alerts" search={{ rule: name }}>
          all its alerts
        </Link>
      }
    >
      <Answer query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>No alert has matched it yet. Paste labels into Explain to see why.</Empty>
          ) : (
            <AlertsTable alerts={items} />
          )
        }
      </Answer>
    </Section>
  );
}

function LastRuns({ name }: { readonly name: string }) {
  const query = useQuery(runs(`limit=${FEW}&rule=${encodeURIComponent(name)}`));
  return (
    <Section
      title="Last runs"
      actions={
        <Link to="/runs" search={{ rule: name }}>
          all its runs
        </Link>
      }
    >
      <Answer query={query}>
        {({ items }) => <RunsTable runs={items} none="It has started no run yet." />}
      </Answer>
    </Section>
  );
}
