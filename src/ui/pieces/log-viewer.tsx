import { Anchor, Button, Group, Loader, Text } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { get } from "../api/client.ts";
import type { LogPart } from "../api/types.ts";
import { ansiPieces } from "./ansi.ts";

/** What is asked for at once, and how much of a log the page holds: the rest is a download away. */
const PART_BYTES = 64 * 1024;
/** The API gives no smaller part: a character of UTF-8 has up to so many bytes. */
const ASKED_BYTES_MIN = 4;
const LINES_MAX = 5_000;
const LOOK_EVERY_MS = 1_000;

interface Held {
  /** Where in the log the text begins and ends, in bytes. */
  readonly from: number;
  readonly to: number;
  readonly total: number | null;
  readonly text: string;
  readonly isComplete: boolean;
}

export interface LogViewerProps {
  readonly runId: string;
  readonly stepId: string;
  readonly stream: "stdout" | "stderr";
  readonly isRunning: boolean;
}

/** A step's output: its end first, and what is added while it runs. Following stops when somebody scrolls up. */
export function LogViewer({ runId, stepId, stream, isRunning }: LogViewerProps) {
  const [held, setHeld] = useState<Held | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const box = useRef<HTMLPreElement>(null);
  const isFollowing = useRef(true);
  const path = `/runs/${runId}/steps/${stepId.split("/").map(encodeURIComponent).join("/")}/log?stream=${stream}`;

  useEffect(() => {
    const stop = new AbortController();
    void follow(path, isRunning, stop.signal, setHeld).catch((error: unknown) => {
      if (!stop.signal.aborted) setProblem(error instanceof Error ? error.message : String(error));
    });
    return () => stop.abort();
  }, [path, isRunning]);

  useEffect(() => {
    if (held !== null && isFollowing.current) box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [held]);

  const loadEarlier = async () => {
    if (held === null) return;
    isFollowing.current = false;
    const from = startBefore(held.from);
    const part = await get<LogPart>(`${path}&offset=${from}&limit=${held.from - from}`);
    setHeld({ ...held, from, text: part.content + held.text });
  };

  if (problem !== null) return <Text c="dimmed">{problem}</Text>;
  if (held === null) return <Loader size="sm" aria-label="Loading the log" />;
  if (held.text === "")
    return <Text c="dimmed">{held.isComplete ? "It printed nothing." : "Nothing yet."}</Text>;
  const lines = held.text.split("\n");
  const shown = lines.slice(-LINES_MAX);
  return (
    <>
      {held.from > 0 || shown.length < lines.length ? (
        <Group gap="sm">
          {shown.length < LINES_MAX ? (
            <Button size="compact-sm" variant="default" onClick={() => void loadEarlier()}>
              Earlier lines
            </Button>
          ) : (
            <Text size="sm" c="dimmed">
              Only the last {LINES_MAX} lines are shown.
            </Text>
          )}
          <Anchor size="sm" href={`/api/v1/runs/${runId}/bundle.zip`}>
            Download all
          </Anchor>
        </Group>
      ) : null}
      {/* A log that scrolls has to be reached by the keyboard. */}
      <pre
        className="log"
        ref={box}
        tabIndex={0}
        role="log"
        aria-label={`${stream} of ${stepId}`}
        onScroll={({ currentTarget }) => {
          isFollowing.current =
            currentTarget.scrollHeight - currentTarget.scrollTop - currentTarget.clientHeight < 8;
        }}
      >
        {ansiPieces(shown.join("\n")).map(({ text, colour }, index) =>
          colour === null ? (
            text
          ) : (
            // The pieces of a log are told apart by nothing but their place.
            <span key={index} className={`ansi-${colour}`}>
              {text}
            </span>
          ),
        )}
      </pre>
    </>
  );
}

/** Where the part before `end` begins. What would be too short to be asked for comes with it. */
function startBefore(end: number): number {
  const start = end - PART_BYTES;
  return start < ASKED_BYTES_MIN ? 0 : start;
}

/** Reads the end of the log, and then what is added, until the step is over. */
async function follow(
  path: string,
  isRunning: boolean,
  signal: AbortSignal,
  show: (held: Held) => void,
): Promise<void> {
  const first = await get<LogPart>(`${path}&offset=0&limit=${ASKED_BYTES_MIN}`, signal);
  const from = startBefore(first.total_bytes ?? 0);
  let held: Held = { from, to: from, total: first.total_bytes, text: "", isComplete: first.complete };
  for (;;) {
    const part = await get<LogPart>(`${path}&offset=${held.to}&limit=${PART_BYTES}`, signal);
    held = {
      from: held.from,
      to: part.next_offset,
      total: part.total_bytes,
      text: lastLines(held.text + part.content),
      isComplete: part.complete,
    };
    show(held);
    const isAtEnd = part.content === "";
    if (isAtEnd && (part.complete || !isRunning)) return;
    if (isAtEnd) await pause(LOOK_EVERY_MS, signal);
  }
}

function lastLines(text: string): string {
  const lines = text.split("\n");
  return lines.length > 2 * LINES_MAX ? lines.slice(-LINES_MAX).join("\n") : text;
}

function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, durationMs);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
