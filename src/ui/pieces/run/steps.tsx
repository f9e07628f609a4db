import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { runPlan } from "../../api/queries.ts";
import type { RunDetails } from "../../api/types.ts";
import { Empty } from "../answer.tsx";
import { PlanSections } from "../plan/steps.tsx";
import { Section } from "../page.tsx";
import { Steady } from "../steady.tsx";
import { StepList } from "../steps/step-list.tsx";
import { useOpenSteps } from "../steps/use-open-steps.ts";
import { RunTimeline } from "./timeline.tsx";

/** Steps in their order; one that is opened shows what it printed. Before the first has begun: what is going to happen. */
export function RunSteps({ run }: { readonly run: RunDetails }) {
  if (run.steps.length > 0) return <Begun run={run} />;
  return (
    <Section title="Steps">
      <Planned runId={run.id} />
    </Section>
  );
}

function Begun({ run }: { readonly run: RunDetails }) {
  const opened = useOpenSteps(run);
  const canFollow = run.finished_at === null && !opened.isFollowing;
  return (
    <Section
      title="Steps"
      actions={
        canFollow ? (
          <Button variant="subtle" size="compact-xs" onClick={opened.follow}>
            Follow what runs
          </Button>
        ) : null
      }
    >
      <Steady>
        <RunTimeline run={run} />
        <StepList run={run} opened={opened} />
      </Steady>
    </Section>
  );
}

function Planned({ runId }: { readonly runId: string }) {
  const { data } = useQuery(runPlan(runId));
  return (
    <>
      <Empty>No step has begun.{data === undefined ? "" : " What was planned:"}</Empty>
      {data === undefined ? null : <PlanSections plan={data} />}
    </>
  );
}
