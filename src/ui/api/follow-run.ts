import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { RunDetails, RunUpdate, Step } from "./types.ts";

/** Keeps the run of the page as the service sends it, until it has ended. False while the connection is lost. */
export function useRunEvents(id: string, isOver: boolean): boolean {
  const client = useQueryClient();
  const [isConnected, setIsConnected] = useState(true);
  useEffect(() => {
    if (isOver) return undefined;
    const events = new EventSource(`/api/v1/runs/${id}/events`);
    const change = (update: (run: RunDetails) => RunDetails) =>
      client.setQueryData<RunDetails>(["run", id], (run) => (run === undefined ? undefined : update(run)));
    events.addEventListener("open", () => setIsConnected(true));
    events.addEventListener("error", () => setIsConnected(events.readyState === EventSource.CLOSED));
    for (const name of ["snapshot", "run"])
      events.addEventListener(name, (event) =>
        change((run) => ({ ...run, ...(JSON.parse(event.data as string) as RunUpdate) })),
      );
    events.addEventListener("step", (event) => {
      const step = JSON.parse(event.data as string) as Step;
      change((run) => ({ ...run, steps: withStep(run.steps, step) }));
    });
    events.addEventListener("end", () => {
      events.close();
      void client.invalidateQueries({ queryKey: ["run", id] });
      void client.invalidateQueries({ queryKey: ["artifacts", id] });
    });
    return () => events.close();
  }, [id, isOver, client]);
  return isConnected;
}

function withStep(steps: readonly Step[], step: Step): readonly Step[] {
  return steps.some((each) => each.id === step.id)
    ? steps.map((each) => (each.id === step.id ? step : each))
    : [...steps, step];
}
