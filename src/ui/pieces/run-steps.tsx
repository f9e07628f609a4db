import type { RunDetails } from "../api/types.ts";
import { Empty } from "./answer.tsx";
import { StepList } from "./steps/step-list.tsx";

/** Steps in their order; one that is opened shows what it printed. */
export function RunSteps({ run }: { readonly run: RunDetails }) {
  return run.steps.length === 0 ? <Empty>No step has begun.</Empty> : <StepList run={run} />;
}
