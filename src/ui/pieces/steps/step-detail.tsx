import { Group, NativeSelect, SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { addressFrom, useAddress } from "../../address.ts";
import type { Step } from "../../api/types.ts";
import { Empty } from "../answer.tsx";
import { bytesText } from "../bytes.ts";
import { Facts, valueText } from "../facts.tsx";
import { type LogPlace, readLog, type Stream } from "../log/log-api.ts";
import { type ChosenLines, LogViewer } from "../log/log-viewer.tsx";
import classes from "./steps.module.css";
import { isMadeOfSteps } from "./use-open-steps.ts";

const LOOK_EVERY_MS = 3_000;
const STREAMS = ["stdout", "stderr"] as const;

export interface StepDetailProps {
  readonly runId: string;
  readonly step: Step;
  readonly removedBecause: string | null;
}

/** What an opened step shows: its result, and what it printed. */
export function StepDetail({ runId, step, removedBecause }: StepDetailProps) {
  return (
    <div className={classes["detail"]} data-detail={step.id}>
      <StepFacts step={step} />
      {isMadeOfSteps(step.verb) ? (
        <Empty>It is made of the steps below it; each has a log of its own.</Empty>
      ) : removedBecause === null ? (
        <StepLog runId={runId} step={step} />
      ) : (
        <Empty>What it printed is no longer kept: {removedBecause.replaceAll("_", " ")}.</Empty>
      )}
    </div>
  );
}

function StepLog({ runId, step }: Pick<StepDetailProps, "runId" | "step">) {
  const [address, change] = useAddress();
  const attempt = attemptOf(address["attempt"], step.attempts);
  const [sizes, isUnknown] = useSizes(runId, step, attempt);
  // Not less when it ends: nothing on the page moves while it prints, nor when it has printed everything.
  const [isLive] = useState(() => isGrowing(step));
  const asked = address["stream"] === "stdout" || address["stream"] === "stderr" ? address["stream"] : null;
  const isOnlyError = sizes.stdout === 0 && (sizes.stderr ?? 0) > 0;
  const stream: Stream = asked ?? (isOnlyError ? "stderr" : "stdout");
  // Which of the two is shown is not decided before it is known whether there is anything; where it cannot be known, the log says why.
  const isReady = asked !== null || sizes.stdout !== undefined || isUnknown;
  const query = {
    ...address,
    step: step.id,
    stream,
    attempt: attempt === null ? undefined : String(attempt),
  };
  return (
    <>
      <Group gap="sm">
        <SegmentedControl
          size="xs"
          aria-label="Which output"
          value={stream}
          onChange={(value) => change({ step: step.id, stream: value, line: null })}
          data={STREAMS.map((value) => ({ value, label: labelOf(value, sizes[value]) }))}
        />
        {step.attempts > 1 ? (
          <NativeSelect
            size="xs"
            aria-label="Which attempt"
            value={attempt === null ? "" : String(attempt)}
            onChange={({ currentTarget }) =>
              change({ step: step.id, attempt: currentTarget.value, line: null })
            }
            data={attemptsOf(step.attempts)}
          />
        ) : null}
      </Group>
      {isReady ? (
        <LogViewer
          key={`${stream} ${attempt ?? ""}`}
          place={{ runId, stepId: step.id, stream, attempt }}
          isLive={isLive}
          chosen={linesOf(address["line"])}
          hrefOf={(line) => addressFrom({ ...query, line })}
          onChoose={(line) => change({ step: step.id, stream, line })}
          sought={(address["find"] ?? "").slice(0, 300)}
          onSeek={(text) => change({ step: step.id, stream, find: text })}
        />
      ) : (
        <div className={classes["waiting"]} data-live={isLive || undefined} aria-busy="true" />
      )}
    </>
  );
}

/** Newest first; the newest one needs no name in the address. */
function attemptsOf(count: number): { value: string; label: string }[] {
  return Array.from({ length: count }, (_, index) => {
    const number = count - index;
    return index === 0
      ? { value: "", label: `Attempt ${number}, the newest` }
      : { value: String(number), label: `Attempt ${number}` };
  });
}

function StepFacts({ step }: { readonly step: Step }) {
  const outputs = Object.entries(step.outputs ?? {});
  const facts: [string, React.ReactNode][] = [
    // What failed says it in its message.
    [
      "Exit code",
      step.exit_code === null || step.exit_code === 0 || step.message !== null
        ? null
        : String(step.exit_code),
    ],
    ["Message", step.status === "succeeded" ? step.message : null],
    ...outputs.map(([name, value]): [string, React.ReactNode] => [name, valueText(value)]),
  ];
  const known = facts.filter(([, value]) => value !== null);
  return known.length === 0 ? null : <Facts facts={known} />;
}

type Sizes = Readonly<Partial<Record<Stream, number | null>>>;

/** How much there is of both outputs, undefined before it is known; and whether that cannot be told. */
function useSizes(runId: string, step: Step, attempt: number | null): readonly [Sizes, boolean] {
  const { data, isError } = useQuery({
    queryKey: ["log-sizes", runId, step.id, attempt, step.attempts, step.status],
    queryFn: async ({ signal }) => {
      const sizeOf = async (stream: Stream) => {
        const place: LogPlace = { runId, stepId: step.id, stream, attempt };
        return (await readLog(place, { limit: 4 }, signal)).total_bytes;
      };
      const [stdout, stderr] = await Promise.all([sizeOf("stdout"), sizeOf("stderr")]);
      return { stdout, stderr };
    },
    placeholderData: (before) => before,
    refetchInterval: isGrowing(step) ? LOOK_EVERY_MS : false,
  });
  return [data ?? {}, isError];
}

function isGrowing({ status }: Step): boolean {
  return status === "running" || status === "pending";
}

function labelOf(stream: Stream, bytes: number | null | undefined): string {
  if (bytes === undefined || bytes === null) return stream;
  return `${stream} ${bytes === 0 ? "empty" : bytesText(bytes)}`;
}

function attemptOf(text: string | undefined, attempts: number): number | null {
  const number = /^\d{1,6}$/.test(text ?? "") ? Number(text) : 0;
  return number >= 1 && number < attempts ? number : null;
}

/** `123` or `120-130`. */
function linesOf(text: string | undefined): ChosenLines | null {
  const [, from, to] = /^(\d{1,12})(?:-(\d{1,12}))?$/.exec(text ?? "") ?? [];
  const first = Number(from ?? 0);
  return first < 1 ? null : { first, last: Math.max(first, Number(to ?? first)) };
}
