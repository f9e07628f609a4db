import type { CollectEnd } from "../executors/collect.ts";
import { type Executor, ExecutorError } from "../executors/executor.ts";
import type { CollectSpec } from "../runbooks/verbs/collect.ts";
import type { StepContext } from "../runs/step-context.ts";
import { EvidenceSink } from "./evidence-sink.ts";

/** What a collect step has left: shared by its files, journal and commands. */
export interface CollectBudget {
  readonly fileBytesMax: number;
  bytesLeft: number;
  filesLeft: number;
  /** Monotonic. */
  readonly endsAtMs: number;
}

/** A program whose output is evidence. */
export interface OutputSource {
  /** Below `files/<host>/`. */
  readonly path: string;
  /** For people, in `errors.txt`. */
  readonly title: string;
  readonly argv: readonly [string, ...string[]];
  /** Which end of an output that does not fit is kept. */
  readonly keeps: "head" | "tail";
}

/** The end of a program's output, at most so many bytes, with the program's own exit code. Nothing of the text varies. */
const TAIL_SCRIPT = `n=$1; shift; exec 4>&1
r=$({ { "$@" 3>&- 4>&-; echo $? >&3; } | tail -c "$n" >&4 3>&-; } 3>&1)
exit "$r"`;

/** What a line of a journal has at least, near enough to turn bytes into lines. */
const JOURNAL_LINE_BYTES = 100;
const JOURNAL_LINES_MAX = 1_000_000;

/** The journal and the commands of a collect step as programs to run. */
export function commandsOf(spec: CollectSpec, bytesLeft: number, nowMs: number): OutputSource[] {
  const digits = Math.max(2, String(spec.commands.length).length);
  const commands = spec.commands.map((argv, index) => {
    const words = argv
      .join(" ")
      .replaceAll(/[^A-Za-z0-9._-]+/g, "-")
      .slice(0, 60);
    return {
      path: `commands/${String(index + 1).padStart(digits, "0")}-${words}.txt`,
      title: argv.join(" "),
      argv,
      keeps: "head" as const,
    };
  });
  const { journal } = spec;
  if (journal === null) return commands;
  // About as many of the newest lines as fit; journalctl prints the oldest first, so the end is what is kept of them.
  const lines = Math.min(JOURNAL_LINES_MAX, Math.max(100, Math.floor(bytesLeft / JOURNAL_LINE_BYTES)));
  const since = journal.sinceMs === null ? [] : [`--since=@${Math.floor((nowMs - journal.sinceMs) / 1000)}`];
  const argv = [
    "journalctl",
    `--unit=${journal.unit}`,
    ...since,
    `--lines=${lines}`,
    "--no-pager",
    "--quiet",
    "--utc",
    "--output=short-iso",
  ] as const;
  return [
    {
      path: `journal/${journal.unit}.log`,
      title: `journal of ${journal.unit}`,
      argv: [...argv],
      keeps: "tail",
    },
    ...commands,
  ];
}

const KILL_GRACE_MS = 1_000;
/** Of this program alone; the host may answer the next one. */
const OWN_FAILURES: readonly ExecutorError["code"][] = ["not-found", "not-permitted", "argument-too-long"];

/** Runs the program and keeps its stdout as evidence. Throws ExecutorError when the host cannot be reached. */
export async function collectOutput(
  context: StepContext,
  source: OutputSource,
  executor: Executor,
  budget: CollectBudget,
): Promise<{ bytes: number; end: CollectEnd }> {
  const leftMs = Math.floor(budget.endsAtMs - context.clock.monotonicMs());
  if (leftMs <= 0) return { bytes: 0, end: "timed_out" };
  const roomBytes = await context.evidenceBytesLeft();
  const bytesMax = Math.min(budget.fileBytesMax, budget.bytesLeft, roomBytes);
  if (bytesMax <= 0) {
    const why =
      roomBytes <= 0 ? context.whyEvidenceIsFull() : "the step has gathered as much as max_total allows";
    context.recordProblem(source.title, `was left out: ${why}`);
    return { bytes: 0, end: "finished" };
  }
  const sink = new EvidenceSink(
    () => context.createEvidence(`files/${context.host.name}/${source.path}`),
    bytesMax,
  );
  const isTail = source.keeps === "tail";
  const argv = isTail
    ? (["sh", "-c", TAIL_SCRIPT, "sh", String(bytesMax), ...source.argv] as const)
    : source.argv;
  const stderr = new FirstLine();
  try {
    const result = await executor.run(
      context.host,
      { argv, env: context.env, stdin: null, cwd: null, become: context.step.become },
      {
        cookie: context.cookie,
        limits: { timeoutMs: leftMs, killGraceMs: KILL_GRACE_MS },
        output: { stdout: sink, stderr },
        signal: context.signal,
      },
    );
    const isFull = () => isTail && sink.acceptedBytes === bytesMax;
    const { bytes, droppedBytes } = await sink.commit({
      contentType: "text/plain",
      host: context.host.name,
      isTruncated: isFull(),
    });
    budget.bytesLeft -= bytes;
    budget.filesLeft -= bytes > 0 ? 1 : 0;
    const problem = (message: string) => context.recordProblem(source.title, `${message}${stderr.quoted()}`);
    if (isFull()) problem(`has more than ${bytes} bytes: its end was kept`);
    if (droppedBytes > 0) problem(`cut after ${bytes} bytes, ${droppedBytes} more did not fit`);
    const end = endOf(result.kind);
    if (result.kind === "exited" && result.exitCode !== 0) problem(`exited with ${result.exitCode}`);
    else if (result.kind !== "exited")
      problem(
        result.kind === "signalled"
          ? `was ended by ${result.signal}`
          : `did not finish: ${result.kind.replace("_", " ")}`,
      );
    else if (bytes === 0) problem("gave no output");
    return { bytes, end };
  } catch (error) {
    await sink.discard();
    if (!(error instanceof ExecutorError) || !OWN_FAILURES.includes(error.code)) throw error;
    context.recordProblem(source.title, error.message);
    return { bytes: 0, end: "finished" };
  }
}

function endOf(kind: "exited" | "signalled" | "timed_out" | "cancelled" | "lost"): CollectEnd {
  return kind === "exited" || kind === "signalled" ? "finished" : kind;
}

const LINE_BYTES_MAX = 300;

/** The first line of what a program says on stderr: usually why it failed. */
class FirstLine {
  #bytes = Buffer.alloc(0);

  write(chunk: Uint8Array): void {
    const room = LINE_BYTES_MAX - this.#bytes.byteLength;
    if (room > 0) this.#bytes = Buffer.concat([this.#bytes, chunk.subarray(0, room)]);
  }

  /** `: …`, or nothing. */
  quoted(): string {
    const line = this.#bytes.toString("utf8").trim().split("\n", 1)[0] ?? "";
    return line === "" ? "" : `: ${line}`;
  }
}
