import { Accordion, Group, SegmentedControl, Stack, Text } from "@mantine/core";
import { useState } from "react";
import type { RunDetails, Step } from "../api/types.ts";
import { Empty } from "./answer.tsx";
import { LogViewer } from "./log-viewer.tsx";
import { StatusBadge } from "./status-badge.tsx";
import { durationText } from "./time.tsx";

/** Steps in their order; one that is opened shows what it printed. */
export function RunSteps({ run }: { readonly run: RunDetails }) {
  const steps = run.steps;
  const [open, setOpen] = useState<string | null>(null);
  if (steps.length === 0) return <Empty>No step has begun.</Empty>;
  return (
    <Accordion variant="separated" value={open} onChange={setOpen} order={3}>
      {steps.map((step) => (
        <Accordion.Item key={step.id} value={step.id}>
          <Accordion.Control>
            <Group justify="space-between" gap="xs">
              <Text span className="breaks">
                <strong>{step.id}</strong>
                <Text span c="dimmed" size="sm">
                  {" "}
                  {[step.verb, step.host, step.section === "steps" ? null : step.section]
                    .filter((part) => part !== null)
                    .join(" · ")}
                </Text>
              </Text>
              <Group gap="xs">
                {step.effect === "read" ? null : <StatusBadge status={step.effect} />}
                <StatusBadge status={step.status} />
                <Text size="sm" c="dimmed" span>
                  {durationText(step.started_at, step.finished_at)}
                </Text>
              </Group>
            </Group>
          </Accordion.Control>
          <Accordion.Panel>
            {open === step.id ? <StepDetail runId={run.id} step={step} /> : null}
          </Accordion.Panel>
        </Accordion.Item>
      ))}
    </Accordion>
  );
}

function StepDetail({ runId, step }: { readonly runId: string; readonly step: Step }) {
  const [stream, setStream] = useState<"stdout" | "stderr">("stdout");
  return (
    <Stack gap="xs">
      {step.message === null ? null : <Text className="breaks">{step.message}</Text>}
      <Text size="sm" c="dimmed">
        {step.attempts} {step.attempts === 1 ? "attempt" : "attempts"}
        {step.exit_code === null ? "" : `, exit code ${step.exit_code}`}
      </Text>
      <SegmentedControl
        size="xs"
        w="fit-content"
        aria-label="Which output"
        value={stream}
        onChange={(value) => setStream(value === "stderr" ? "stderr" : "stdout")}
        data={["stdout", "stderr"]}
      />
      <LogViewer
        key={`${step.id} ${stream} ${step.attempts}`}
        runId={runId}
        stepId={step.id}
        stream={stream}
        isRunning={step.status === "running"}
      />
    </Stack>
  );
}
