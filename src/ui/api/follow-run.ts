import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { keepStream, useChanges } from "./live.ts";
import { run } from "./queries.ts";
import type { RunDetails, RunUpdate, Step } from "./types.ts";

/** Keeps the run of the page as the service sends it; after its end, as everything else that changes (its outcome comes later). */
export function useRunEvents(id: string, isOver: boolean): void {
  const client = useQueryClient();
  useChanges(isOver);
  useEffect(() => {
    if (isOver) return undefined;
    const { queryKey } = run(id);
    // With everything that is asked for about it.
    const refresh = () => void client.invalidateQueries({ queryKey });
    const change = (update: (run: RunDetails) => RunDetails) => {
      const isAsked = client.getQueryState(queryKey)?.fetchStatus === "fetching";
      client.setQueryData<RunDetails>(queryKey, (run) => (run === undefined ? undefined : update(run)));
      // The answer on its way may be older than the event: it is asked for anew.
      if (isAsked) void client.invalidateQueries({ queryKey, exact: true });
    };
    return keepStream(() => {
      const events = new EventSource(`/api/v1/runs/${id}/events`);
      for (const name of ["snapshot", "run"])
        events.addEventListener(name, (event) => {
          change((run) => ({ ...run, ...(JSON.parse(event.data as string) as RunUpdate) }));
          // It may wait for somebody now, or no longer.
          void client.invalidateQueries({ queryKey: ["approvals"] });
        });
      events.addEventListener("step", (event) => {
        const step = JSON.parse(event.data as string) as Step;
        change((run) => ({ ...run, steps: withStep(run.steps, step) }));
      });
      events.addEventListener("end", () => {
        events.close();
        refresh();
      });
      return events;
    }, refresh);
  }, [id, isOver, client]);
}

function withStep(steps: readonly Step[], step: Step): readonly Step[] {
  return steps.some((each) => each.id === step.id)
    ? steps.map((each) => (each.id === step.id ? step : each))
    : [...steps, step];
}
