import { Button, Group } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useRunEvents } from "../api/follow-run.ts";
import { run } from "../api/queries.ts";
import type { RunDetails } from "../api/types.ts";
import { AnswerPage } from "../pieces/answer-page.tsx";
import { InputFacts } from "../pieces/input-facts.tsx";
import { Page, Section } from "../pieces/page.tsx";
import { RunActions } from "../pieces/run/actions.tsx";
import { RunAudit } from "../pieces/run/audit.tsx";
import { RunFacts } from "../pieces/run/facts.tsx";
import { RunFiles } from "../pieces/run/files.tsx";
import { NextAction } from "../pieces/run/next-action.tsx";
import { RunNotes } from "../pieces/run/notes.tsx";
import { Story } from "../pieces/run/story.tsx";
import { hostsText } from "../pieces/run/table.tsx";
import { RunSteps } from "../pieces/run/steps.tsx";
import { Printed } from "../pieces/scrolling.tsx";
import { useSaid } from "../pieces/said.tsx";
import { Steady } from "../pieces/steady.tsx";
import { StatusBadge } from "../pieces/status-badge.tsx";

const ENDED = new Set(["succeeded", "failed", "cancelled", "timed_out", "interrupted", "rejected"]);

/** One run: what happened, in words first, then everything that there is of it. */
export function RunPage() {
  const { id } = useParams({ from: "/runs/$id" });
  const query = useQuery(run(id));
  return (
    <AnswerPage query={query} of={{ to: "/runs", name: "Runs" }}>
      {(data) => <Content key={data.id} run={data} />}
    </AnswerPage>
  );
}

function Content({ run: one }: { readonly run: RunDetails }) {
  const isOver = ENDED.has(one.status);
  useRunEvents(one.id, isOver);
  useSaid(
    `The run is ${one.status === "waiting_person" ? "waiting for a person" : one.status.replaceAll("_", " ")}.`,
  );
  const hosts = hostsText(one.hosts);
  const mayRead = one.permissions.includes("read_evidence");
  return (
    <Steady>
      <Page
        of={{ to: "/runs", name: "Runs" }}
        title={`${one.runbook}${hosts === "" ? "" : ` on ${hosts}`}`}
        status={
          <Group gap={6}>
            <StatusBadge status={one.status} />
            {one.outcome === null ? null : <StatusBadge status={one.outcome} />}
          </Group>
        }
        about={one.dry_run ? "Dry run: nothing is changed." : undefined}
        actions={
          <>
            {mayRead && one.evidence_removed_because === null ? (
              <Button component="a" size="xs" href={`/api/v1/runs/${one.id}/bundle.zip`}>
                Download the bundle
              </Button>
            ) : null}
            <RunActions run={one} isOver={isOver} />
          </>
        }
      >
        <NextAction run={one} isOver={isOver} />
        <div className="run-top">
          <Section title="What happened">
            <Story run={one} />
          </Section>
          <Section title="Facts" className="run-facts">
            <RunFacts run={one} />
          </Section>
        </div>
        {one.summary === null ? null : (
          <Section title="Summary">
            <Printed label="Summary" text={one.summary} />
          </Section>
        )}
        <RunSteps run={one} />
        <Section title="Files">
          <RunFiles run={one} isOver={isOver} />
        </Section>
        {Object.keys(one.inputs).length === 0 ? null : (
          <Section title="Inputs">
            <InputFacts runbook={one.runbook} inputs={one.inputs} />
          </Section>
        )}
        <RunNotes run={one} />
        <RunAudit runId={one.id} />
      </Page>
    </Steady>
  );
}
