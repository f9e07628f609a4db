import { Button } from "@mantine/core";
import { useState } from "react";
import type { Plan } from "../../api/types.ts";
import { Printed } from "../scrolling.tsx";
import { StatusBadge } from "../status-badge.tsx";
import { Words } from "../words.tsx";
import styles from "./plan.module.css";

type PlannedStep = Plan["steps"][number];

/** More steps at once are not read; the rest comes when it is asked for. */
const SHOWN_MAX = 40;

/** What happens, what follows a failure, and what follows in any case. */
export function PlanSections({ plan }: { readonly plan: Pick<Plan, "steps" | "on_failure" | "finally"> }) {
  return (
    <>
      <PlanSteps steps={plan.steps} />
      {plan.on_failure.length === 0 ? null : (
        <>
          <div className="dim small">If a step fails:</div>
          <PlanSteps steps={plan.on_failure} />
        </>
      )}
      {plan.finally.length === 0 ? null : (
        <>
          <div className="dim small">At the end, in any case:</div>
          <PlanSteps steps={plan.finally} />
        </>
      )}
    </>
  );
}

/** A sentence a step, in their order. */
function PlanSteps({ steps }: { readonly steps: readonly PlannedStep[] }) {
  const [isWhole, setIsWhole] = useState(false);
  const shown = isWhole ? steps : steps.slice(0, SHOWN_MAX);
  return (
    <>
      <ol className={styles["steps"]}>
        {shown.map((step) => (
          <li key={step.id}>
            <Sentence step={step} />
          </li>
        ))}
      </ol>
      {shown.length < steps.length ? (
        <Button variant="default" size="xs" w="fit-content" onClick={() => setIsWhole(true)}>
          Show all {steps.length} steps
        </Button>
      ) : null}
    </>
  );
}

function Sentence({ step }: { readonly step: PlannedStep }) {
  const { effect, host, name, id, action, if: condition, preview } = step;
  return (
    <>
      <div className={styles["sentence"]}>
        <StatusBadge status={effect} />
        <span className="breaks">
          {host === null ? null : (
            <strong>
              <Words text={host} />:{" "}
            </strong>
          )}
          <Words text={name ?? id} /> <span className="dim">(</span>
          <code className={styles["action"]}>
            <Words text={action} />
          </code>
          <span className="dim">)</span>
        </span>
      </div>
      {condition === null ? null : (
        <div className="dim small breaks">
          Only if <code>{condition}</code>
        </div>
      )}
      {preview === null ? null : (
        <details>
          <summary className="small">Script that shows what it would change</summary>
          <Printed label={`Preview of ${id}`} text={preview} />
        </details>
      )}
    </>
  );
}
