import type { RunbookDetails } from "../../api/types.ts";
import { StatusBadge } from "../status-badge.tsx";
import { Words } from "../words.tsx";
import styles from "../plan/plan.module.css";

/** The steps as the file has them; which hosts they meet is said by the plan. */
export function RunbookSteps({
  runbook: { steps, on_failure: onFailure, finally: last },
}: {
  readonly runbook: Pick<RunbookDetails, "steps" | "on_failure" | "finally">;
}) {
  return (
    <>
      <Steps steps={steps} />
      {onFailure.length === 0 ? null : (
        <>
          <div className="dim small">If a step fails:</div>
          <Steps steps={onFailure} />
        </>
      )}
      {last.length === 0 ? null : (
        <>
          <div className="dim small">At the end, in any case:</div>
          <Steps steps={last} />
        </>
      )}
    </>
  );
}

function Steps({ steps }: { readonly steps: RunbookDetails["steps"] }) {
  return (
    <ol className={styles["steps"]}>
      {steps.map(({ id, name, verb, effect }) => (
        <li key={id}>
          <div className={styles["sentence"]}>
            <StatusBadge status={effect} />
            <span className="breaks">
              <Words text={name ?? id} />{" "}
              <span className="dim small">
                {verb.replaceAll("_", " ")}
                {name === null ? "" : ` · ${id}`}
              </span>
            </span>
          </div>
        </li>
      ))}
    </ol>
  );
}
