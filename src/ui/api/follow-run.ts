import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { keepStream, useChanges } from "./live.ts";
import type { RunDetails, RunUpdate, Step } from "./types.ts";

/** Keeps the run of the page as the service sends it; after its end, as everything else that changes (its outcome comes later). */
export function useRunEvents(id: string, isOver: boolean): void {
  const client = useQueryClient();
  useChanges(isOver);
  useEffect(() => {
    if (isOver) return undefined;
    const change = (update: (run: RunDetails) => RunDetails) =>
      client.setQueryData<RunDetails>(["run", id], (run) => (run === undefined ? undefined : update(run)));
    const refresh = () => {
      void client.invalidateQueries({ queryKey: ["run", id] });
      void client.invalidateQueries({ queryKey: ["artifacts", id] });
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
