import { Card, List, Stack, Text } from "@mantine/core";
import type { Plan } from "../api/types.ts";
import { StatusBadge } from "./status-badge.tsx";
import { secondsText } from "./time.tsx";

/** What would happen, where, with which effect, and for how long. */
export function PlanPreview({ plan }: { readonly plan: Plan }) {
  const held = (plan.guards ?? []).filter(({ verdict, text }) => verdict !== "passes" && text !== null);
  const expected = plan.expected_duration ?? null;
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
            </List.Item>
          ))}
        </List>
        <Text size="sm">
          {expected === null
            ? "How long it takes is not known yet."
            : `It takes about ${secondsText(expected.median_seconds)}, nine times of ten at most ${secondsText(expected.p90_seconds)}.`}
        </Text>
        {held.map(({ kind, text }) => (
          <Text size="sm" key={kind} className="breaks">
            {kind.replaceAll("_", " ")}: {text}
          </Text>
        ))}
        <Text size="xs" c="dimmed" className="breaks">
          Plan {plan.digest}
        </Text>
      </Stack>
    </Card>
  );
}
