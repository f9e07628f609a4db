import { Alert, Stack, Text } from "@mantine/core";
import { useEffect, useRef } from "react";
import type { Plan } from "../../api/types.ts";
import { hostsText } from "../run/table.tsx";
import { secondsText } from "../time.tsx";
import { Words } from "../words.tsx";
import { Guards } from "./guards.tsx";
import styles from "./plan.module.css";
import { PlanSections } from "./steps.tsx";
import { planChanges } from "./changes.ts";

/** What would happen, where, with which effect and for how long, and what stands against it. `before`: the plan that was looked at first. */
export function PlanPreview({ plan, before }: { readonly plan: Plan; readonly before: Plan | null }) {
  const heading = useRef<HTMLHeadingElement>(null);
  // Whoever asked for the plan reads on at its beginning.
  useEffect(() => heading.current?.focus(), [plan.digest]);
  return (
    <Stack gap="xs">
      {before === null ? null : (
        <Alert color="orange" role="alert" title="The plan has changed since you looked at it">
          Nothing was started. What is different now:
          <ul className={styles["changes"]}>
            {planChanges(before, plan).map((line) => (
              <li key={line} className="breaks">
                <Words text={line} />
              </li>
            ))}
          </ul>
        </Alert>
      )}
      <Text component="h3" fw={650} ref={heading} tabIndex={-1} className="breaks">
        {plan.hosts.length === 0 ? "This will happen" : `This will happen on ${hostsText(plan.hosts)}`}
      </Text>
      <PlanSections plan={plan} />
      {plan.hosts.length > 3 ? (
        <details>
          <summary>All {plan.hosts.length} hosts</summary>
          <Text size="sm" className="breaks">
            {plan.hosts.join(", ")}
          </Text>
        </details>
      ) : null}
      <Text size="sm">{durationWords(plan)}</Text>
      <Guards guards={plan.guards ?? []} stopped="It cannot start just now" />
      {plan.approval === null ? null : (
        <Text size="sm">
          It waits for the yes of {plan.approval.count === 1 ? "one person" : `${plan.approval.count} people`}{" "}
          before it starts: {whoText(plan.approval.may_approve)}, and never who asked.
        </Text>
      )}
    </Stack>
  );
}

/** `group:dba, user:olga`; who it is where nobody is named. */
export function whoText(names: readonly string[]): string {
  return names.length === 0 ? "operators and admins" : names.join(", ");
}

export function durationWords({ expected_duration: expected }: Pick<Plan, "expected_duration">): string {
  if (expected === null) return "How long it takes is known after three runs that succeeded.";
  return `It takes about ${secondsText(expected.median_seconds)}; nine of ten runs took at most ${secondsText(expected.p90_seconds)}.`;
}
