import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useRunEvents } from "../api/follow-run.ts";
import { approvals, run } from "../api/queries.ts";
import type { RunDetails } from "../api/types.ts";
import { Answer } from "../pieces/answer.tsx";
import { ApprovalsList } from "../pieces/approvals-list.tsx";
import { Facts, valueText } from "../pieces/facts.tsx";
import { Link } from "../pieces/link.tsx";
import { Page, Section } from "../pieces/page.tsx";
import { RunActions, RunNotes } from "../pieces/run-actions.tsx";
import { RunAudit } from "../pieces/run-audit.tsx";
import { RunFiles } from "../pieces/run-files.tsx";
import { RunSteps } from "../pieces/run-steps.tsx";
import { StatusBadge } from "../pieces/status-badge.tsx";
import { durationText, Time } from "../pieces/time.tsx";
import { Printed } from "../pieces/scrolling.tsx";

const ENDED = new Set(["succeeded", "failed", "cancelled", "timed_out", "interrupted", "rejected"]);

/** One run: what happened, in words first, then everything that there is of it. */
export function RunPage() {
  const { id } = useParams({ from: "/runs/$id" });
  const query = useQuery(run(id));
  return <Answer query={query}>{(data) => <Content run={data} />}</Answer>;
}

function Content({ run: one }: { readonly run: RunDetails }) {
  const isOver = ENDED.has(one.status);
  const isConnected = useRunEvents(one.id, isOver);
  const hosts = one.hosts.join(", ");
  return (
    <Page
      title={`${one.runbook}${hosts === "" ? "" : ` on ${hosts}`}`}
      actions={<RunActions run={one} isOver={isOver} />}
    >
      {isConnected ? null : (
        <Alert color="orange" role="status" title="Connection lost">
          This page catches up by itself when the service answers again.
        </Alert>
      )}
      <Stack gap="xs">
        <Group gap="xs">
          <StatusBadge status={one.status} />
          {one.outcome === null ? null : <StatusBadge status={one.outcome} />}
          {one.dry_run ? <Text size="sm">dry run: nothing is changed</Text> : null}
        </Group>
        {storyOf(one).map((sentence) => (
          <Text key={sentence} className="breaks">
            {sentence}
          </Text>
        ))}
      </Stack>
      <Waiting run={one} />
      {one.summary === null ? null : (
        <Section title="Summary">
          <Printed label="Summary" text={one.summary} />
        </Section>
      )}
      <Section title="Steps">
        <RunSteps run={one} />
      </Section>
      <Section title="Files">
        <RunFiles run={one} isOver={isOver} />
      </Section>
      <Section title="Facts">
        <Facts
          facts={[
            ["Why", <Cause key="why" run={one} />],
            ["Started by", one.trigger.principal],
            ["Created", <Time key="created" at={one.created_at} />],
            ["Started", one.started_at === null ? "not yet" : <Time key="started" at={one.started_at} />],
            ["Finished", one.finished_at === null ? "not yet" : <Time key="finished" at={one.finished_at} />],
            ["Took", durationText(one.started_at, one.finished_at)],
            ["Plan", one.plan_digest],
            ["Pinned", one.pinned === null ? null : `by ${one.pinned.by}`],
          ]}
        />
      </Section>
      {Object.keys(one.inputs).length === 0 ? null : (
        <Section title="Inputs">
          <Facts facts={Object.entries(one.inputs).map(([name, value]) => [name, valueText(value)])} />
        </Section>
      )}
      <RunNotes run={one} />
      <RunAudit runId={one.id} />
    </Page>
  );
}

/** What happened, in the order in which somebody on call asks: what is it about, what was done, how did it end, did it help. */
function storyOf(one: RunDetails): string[] {
  const changes = one.steps.filter(({ effect, status }) => effect !== "read" && status === "succeeded");
  const read = one.steps.filter(({ effect, status }) => effect === "read" && status === "succeeded");
  const gathered = read.length === 0 ? [] : [`Evidence: ${read.map(({ id }) => id).join(", ")}.`];
  const changed =
    changes.length === 0
      ? []
      : [`Changed: ${changes.map(({ id, host }) => (host === null ? id : `${id} on ${host}`)).join(", ")}.`];
  const ended =
    one.message === null
      ? []
      : [one.failed_step === null ? one.message : `At step ${one.failed_step}: ${one.message}`];
  const verified = one.outcome_because === null ? [] : [one.outcome_because];
  return [one.cause.title, ...gathered, ...changed, ...ended, ...verified];
}

function Cause({ run: one }: { readonly run: RunDetails }) {
  const { alert } = one.trigger;
  if (alert === null) return <>{one.cause.title}</>;
  return (
    <Link to="/alerts/$id" params={{ id: alert }}>
      {one.cause.title}
    </Link>
  );
}

/** The questions that the run waits for. */
function Waiting({ run: one }: { readonly run: RunDetails }) {
  const query = useQuery({ ...approvals(`run=${one.id}`), enabled: one.status === "waiting_person" });
  const pending = query.data?.items.filter(({ status }) => status === "pending") ?? [];
  if (one.status === "queued" && one.reason !== null)
    return <Text>It waits: {one.reason.replaceAll("_", " ")}.</Text>;
  if (one.status !== "waiting_person" || pending.length === 0) return null;
  return (
    <Section title="Waits for a person">
      <ApprovalsList approvals={pending} />
      <Button
        component="a"
        href={`/approvals/${pending[0]?.id ?? ""}`}
        variant={pending[0]?.may_decide === true ? "filled" : "default"}
        w="fit-content"
      >
        {pending[0]?.may_decide === true ? "Decide" : "See what is asked"}
      </Button>
    </Section>
  );
}
