import { ChevronRightIcon } from "@radix-ui/react-icons";
import { memo } from "react";
import type { Step } from "../../api/types.ts";
import { StatusBadge, StatusSign } from "../status-badge.tsx";
import { Duration } from "../time.tsx";
import { Words } from "../words.tsx";
import { StepDetail } from "./step-detail.tsx";
import classes from "./steps.module.css";
import type { PlannedStep } from "./use-planned.ts";

export interface StepItemProps {
  readonly runId: string;
  /** Why its log is no longer kept; null while it is. */
  readonly removedBecause: string | null;
  readonly step: Step;
  readonly name: string;
  /** Undefined while it is not known. */
  readonly planned: PlannedStep | undefined;
  /** How deep it is inside of others, 0 to 3. */
  readonly depth: number;
  readonly isOpen: boolean;
  readonly onToggle: (id: string) => void;
}

/** Where a link to the step leads on the page. */
export function stepPlace(id: string): string {
  return `step-${id}`;
}

const EXPECTED = new Set(["succeeded", "pending"]);

/** One step as one line, and what went wrong with it below. */
export const StepItem = memo(function StepItem(props: StepItemProps) {
  const { runId, removedBecause, step, name, planned, depth, isOpen, onToggle } = props;
  const isExpected = EXPECTED.has(step.status);
  return (
    <li
      id={stepPlace(step.id)}
      className={classes["item"]}
      data-depth={depth}
      data-open={isOpen || undefined}
    >
      <button
        type="button"
        className={classes["line"]}
        aria-expanded={isOpen}
        onClick={() => onToggle(step.id)}
      >
        <ChevronRightIcon aria-hidden={true} className={classes["chevron"]} />
        <StatusSign status={step.status} />
        <span className={classes["name"]} data-open={isOpen || undefined}>
          <strong>
            <Words text={name} />
          </strong>{" "}
          {planned?.name === undefined || planned.name === null ? null : (
            <>
              <Words text={planned.name} />{" "}
            </>
          )}
          <span className="dim small">
            <Words text={aboutOf(step, planned)} />
          </span>
        </span>
        <span className={classes["marks"]}>
          {step.effect === "read" ? null : <StatusBadge status={step.effect} />}
          {step.attempts > 1 ? <span className="dim small">{step.attempts} attempts</span> : null}
          {isExpected ? (
            <span className="visually-hidden">{step.status}</span>
          ) : (
            <StatusBadge status={step.status} />
          )}
          <span className={classes["duration"]}>
            <Duration from={step.started_at} to={step.finished_at} />
          </span>
        </span>
      </button>
      {step.message === null || step.status === "succeeded" ? null : (
        <p className={classes["message"]} data-quiet={step.status === "skipped" || undefined}>
          <Words text={step.message} />
        </p>
      )}
      {isOpen ? <StepDetail runId={runId} step={step} removedBecause={removedBecause} /> : null}
    </li>
  );
});

function aboutOf({ verb, host, section }: Step, planned: PlannedStep | undefined): string {
  const part = section === "steps" ? null : section.replaceAll("_", " ");
  return [planned?.action ?? verb, host, part].filter((word) => word !== null).join(" · ");
}
