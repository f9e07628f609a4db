import { Button } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import type { RunDetails } from "../../api/types.ts";
import { StepItem } from "./step-item.tsx";
import { stepRows } from "./step-rows.ts";
import classes from "./steps.module.css";
import type { OpenSteps } from "./use-open-steps.ts";
import { usePlanned } from "./use-planned.ts";

export interface StepListProps {
  readonly run: RunDetails;
  readonly opened: OpenSteps;
}

/** Steps in their order, one line each; one that is opened shows what it printed. */
export function StepList({ run, opened: { open, isLinked, toggle } }: StepListProps) {
  const [isAll, setIsAll] = useState(false);
  const planned = usePlanned(run.id);
  const { rows, hidden } = stepRows(run.steps, isAll, open);
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    // Whoever follows a link to a step wants to see it. One that opens by itself moves nothing.
    if (isLinked) list.current?.querySelector("[data-open]")?.scrollIntoView({ block: "start" });
    // Only when the page is opened.
  }, []);
  return (
    <>
      <ol className={classes["list"]} ref={list}>
        {rows.map((row) =>
          row.kind === "group" ? (
            <li key={`group ${row.path}`} className={classes["group"]} data-depth={Math.min(3, row.depth)}>
              <bdi>{row.name}</bdi>
            </li>
          ) : (
            <StepItem
              key={row.step.id}
              runId={run.id}
              removedBecause={run.evidence_removed_because}
              step={row.step}
              name={row.name}
              planned={planned.get(row.step.id)}
              depth={Math.min(3, row.depth)}
              isOpen={open.has(row.step.id)}
              onToggle={toggle}
            />
          ),
        )}
      </ol>
      {hidden === 0 ? null : (
        <Button variant="subtle" size="compact-sm" w="fit-content" onClick={() => setIsAll(true)}>
          Show {hidden} more steps inside of these
        </Button>
      )}
    </>
  );
}
