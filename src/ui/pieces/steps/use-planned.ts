import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { runPlan } from "../../api/queries.ts";
import type { Plan } from "../../api/types.ts";

export type PlannedStep = Plan["steps"][number];

/** The steps of a run as they were planned, by their id: what they are called, and what they do in words. Empty while it is not known. */
export function usePlanned(runId: string): ReadonlyMap<string, PlannedStep> {
  const { data } = useQuery(runPlan(runId));
  return useMemo(() => {
    const all = data === undefined ? [] : [...data.steps, ...data.on_failure, ...data.finally];
    return new Map(all.map((step) => [step.id, step]));
  }, [data]);
}
