import { useQuery } from "@tanstack/react-query";
import { runPlan } from "../../api/queries.ts";
import type { RunDetails } from "../../api/types.ts";
import { Empty } from "../answer.tsx";
import { PlanSections } from "../plan/steps.tsx";
import { StepList } from "../steps/step-list.tsx";

/** Steps in their order; one that is opened shows what it printed. Before the first has begun: what is going to happen. */
export function RunSteps({ run }: { readonly run: RunDetails }) {
  return run.steps.length === 0 ? <Planned runId={run.id} /> : <StepList run={run} />;
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
