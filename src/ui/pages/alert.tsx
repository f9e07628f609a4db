import { Button } from "@mantine/core";
import { useQueries, useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { alert, approvals, NOT_LIVE, run, runs } from "../api/queries.ts";
import type { AlertDetails, Approval, Run } from "../api/types.ts";
import { Decided } from "../pieces/alert/decided.tsx";
import { Happened } from "../pieces/alert/happened.tsx";
import { happeningsOf, type Life } from "../pieces/alert/happenings.ts";
import { Labels } from "../pieces/alert/labels.tsx";
import { Line } from "../pieces/alert/line.tsx";
import { Payload } from "../pieces/alert/payload.tsx";
import { Replay } from "../pieces/alert/replay.tsx";
import { alertName } from "../pieces/alert/table.tsx";
import { Loading } from "../pieces/answer.tsx";
import { AnswerPage } from "../pieces/answer-page.tsx";
import { useNow } from "../pieces/clock.ts";
import { Facts } from "../pieces/facts.tsx";
import { Fold } from "../pieces/fold.tsx";
import { OuterLink } from "../pieces/outer-link.tsx";
import { Page, Section } from "../pieces/page.tsx";
import { useMay } from "../pieces/rights.ts";
import { StatusBadge } from "../pieces/status-badge.tsx";
import { WhyNot } from "../pieces/alert/why-not.tsx";
import { Words } from "../pieces/words.tsx";

/** One episode, from firing to its end. */
export function AlertPage() {
  const { id } = useParams({ from: "/alerts/$id" });
  const query = useQuery(alert(id));
  return (
    <AnswerPage query={query} of={{ to: "/alerts", name: "Alerts" }}>
      {(data) => <Content key={data.id} alert={data} />}
    </AnswerPage>
  );
}

function Content({ alert: one }: { readonly alert: AlertDetails }) {
  const mayRead = useMay("read_evidence");
  const mayExplain = useMay("explain");
  const mayReplay = useMay("operate");
  const summary = one.annotations["summary"] ?? "";
  return (
    <Page
      title={alertName(one)}
      of={{ to: "/alerts", name: "Alerts" }}
      status={
        <>
          <StatusBadge status={one.status} />
          {one.outcome === null ? null : <StatusBadge status={one.outcome} />}
        </>
      }
      about={
        <>
          {summary === "" ? null : (
            <div>
              <Words text={summary} className="clamped" />
            </div>
          )}
          <Decided decision={one.decision} />
        </>
      }
      actions={
        mayRead && one.runs.length > 0 ? (
          <Button
            component="a"
            size="xs"
            href={`/api/v1/alerts/${one.id}/bundle.zip`}
            variant="default"
            title="The bundles of all its runs in one archive"
          >
            Download everything (zip)
          </Button>
        ) : null
      }
    >
      <Story alert={one} />
      <WhyNot alert={one} />
      <About alert={one} />
      {mayExplain ? (
        <Fold name="payload" title="As it was received">
          <Payload alert={one} />
        </Fold>
      ) : null}
      {mayReplay ? (
        <Fold name="replay" title="Replay">
          <Replay alert={one} />
        </Fold>
      ) : null}
    </Page>
  );
}

function Story({ alert: one }: { readonly alert: AlertDetails }) {
  const life = useLife(one);
  return (
    <Section title="From firing to its end">
      {life === null ? (
        <Loading lines={8} />
      ) : (
        <>
          <Drawn life={life} />
          <Happened
            happenings={happeningsOf(life)}
            firingSince={one.closed_at === null ? one.starts_at : null}
          />
        </>
      )}
    </Section>
  );
}

function Drawn({ life }: { readonly life: Life }) {
  const now = useNow();
  return <Line life={life} nowMs={now} />;
}

/** Questions are asked for of so many runs; an alert with more has them on the pages of the runs. */
const ASKED_MAX = 20;
const NO_RUNS: readonly Run[] = [];
const ANSWERED_AFTER_MS = 60_000;

/** Nobody is asked any more, and the last answers are known. */
function isLongOver({ finished_at: end }: Run): boolean {
  return end !== null && Date.now() - Date.parse(end) > ANSWERED_AFTER_MS;
}

/** An alert with its runs, also those that it only joined, and the questions that they asked; null while these are not known. */
function useLife(one: AlertDetails): Life | null {
  const asked = useQuery(runs(`alert=${one.id}&limit=100`));
  const own = asked.data?.items ?? NO_RUNS;
  const others = one.runs.filter((id) => !own.some((each) => each.id === id)).slice(0, ASKED_MAX);
  const joining = useQueries({ queries: others.map(run) });
  const joined = joining.flatMap(({ data }): Run[] => (data === undefined ? [] : [data]));
  const all = [...own, ...joined].toSorted((left, right) => (left.created_at < right.created_at ? -1 : 1));
  const asking = useQueries({
    queries: all.slice(-ASKED_MAX).map((each) => ({
      ...approvals(`run=${each.id}&limit=50`),
      ...(isLongOver(each) ? NOT_LIVE : {}),
    })),
  });
  const questions = asking.flatMap(({ data }): readonly Approval[] => data?.items ?? []);
  // Shown when it is whole: what comes later pushes down what stands below.
  const [isShown, setIsShown] = useState(false);
  if (!isShown && [asked, ...joining, ...asking].every(({ isFetched }) => isFetched)) setIsShown(true);
  return isShown ? { alert: one, runs: all, approvals: questions } : null;
}

function About({ alert: one }: { readonly alert: AlertDetails }) {
  const annotations = Object.entries(one.annotations);
  return (
    <>
      <Section title="Labels">
        <Labels labels={one.labels} isWhole />
      </Section>
      {annotations.length === 0 ? null : (
        <Section title="Annotations">
          <Facts
            facts={annotations.map(([name, value]) => [name, <OuterLink key={name} text={value} />] as const)}
          />
        </Section>
      )}
      <Section title="Where it comes from">
        <Facts
          facts={[
            ["Source", one.source],
            [
              "Generator",
              one.generator_url === null ? null : <OuterLink key="generator" text={one.generator_url} />,
            ],
            ["Fingerprint", one.fingerprint],
            ["Repeats", String(one.repeats)],
          ]}
        />
      </Section>
    </>
  );
}
