import { Card, List, Stack, Text } from "@mantine/core";
import type { Plan } from "../api/types.ts";
import { Printed } from "./scrolling.tsx";
import { StatusBadge } from "./status-badge.tsx";
import { secondsText } from "./time.tsx";

/** What would happen, where, with which effect, and for how long. */
export function PlanPreview({ plan }: { readonly plan: Plan }) {
  const held = (plan.guards ?? []).filter(({ verdict }) => verdict !== "passes");
  const expected = plan.expected_duration;
  return (
    <Card withBorder padding="md" aria-label="Plan">
      <Stack gap="xs">
        <Text fw={600}>This will happen{plan.hosts.length === 0 ? "" : ` on ${plan.hosts.join(", ")}`}:</Text>
        <List type="ordered" spacing={4}>
          {plan.steps.map((step) => (
            <List.Item key={step.id} className="breaks">
              {step.name ?? step.id} <StatusBadge status={step.effect} />
              <Text span size="sm" c="dimmed">
                {" "}
                {[step.verb, step.host, step.if === null ? null : `if ${step.if}`]
                  .filter((part) => part !== null)
                  .join(" · ")}
              </Text>
              {step.preview === null ? null : <Printed label={`Preview of ${step.id}`} text={step.preview} />}
            </List.Item>
          ))}
        </List>
        <Text size="sm">
          {expected === null
            ? "How long it takes is not known yet."
            : `It takes about ${secondsText(expected.median_seconds)}, nine times of ten at most ${secondsText(expected.p90_seconds)}.`}
        </Text>
        {held.map(({ guard, text }) => (
          <Text size="sm" key={guard} className="breaks">
            {guard.replaceAll("_", " ")}: {text}
          </Text>
        ))}
        <Text size="xs" c="dimmed" className="breaks">
          Plan {plan.digest}
        </Text>
      </Stack>
    </Card>
  );
}
