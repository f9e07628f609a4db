import { isDeepStrictEqual } from "node:util";
import { readFile } from "node:fs/promises";
import type { CollectProblem } from "../executors/collect.ts";
import { type Executor, ExecutorError } from "../executors/executor.ts";
import type { Host } from "../hosts/host.ts";
import { lineDiff } from "../platform/line-diff.ts";
import type { PutSpec } from "../runbooks/verbs/put.ts";
import type { StepContext } from "../runs/step-context.ts";

/** A longer file is only said to be other. */
const FILE_BYTES_MAX = 256 * 1024;

export interface PutPreviewDependencies {
  readonly executorFor: (host: Host) => Executor;
}

type Place = Pick<StepContext, "host" | "step" | "timeoutMs" | "signal">;

/**
 * How the file would change, as `diff -u` shows it, or why that is not shown; ends with a line feed. The old file is read by the
 * rules of collect: only what the inventory makes readable. `shown` has no secrets in it: where that makes a difference, the content
 * is one, and nothing of it or of the old file is shown.
 */
export async function putDifference(
  context: Place,
  spec: PutSpec,
  shown: PutSpec,
  dependencies: PutPreviewDependencies,
): Promise<string> {
  if (!isDeepStrictEqual(spec.from, shown.from)) return "the content has a secret in it, and is not shown\n";
  const content = spec.from.kind === "file" ? await readFile(spec.from.path) : Buffer.from(textOf(spec.from));
  const size = `${content.length} bytes`;
  const after = textIn(content);
  if (after === null) return `${size} that are no short text, and are not compared\n`;
  const before = await readNow(context, spec.to, dependencies);
  if (before.kind === "unknown") return `${size}; not compared with what is there now: ${before.why}\n`;
  if (before.kind === "absent") return `${size}; there is no such file now\n${lineDiff("", after)}`;
  const difference = lineDiff(before.text, after);
  return difference === ""
    ? `${size}; the file has this content already\n`
    : `${size}; it would change:\n${difference}`;
}

function textOf(from: PutSpec["from"]): string {
  if (from.kind === "text") return from.text;
  throw new Error("the input of a put was not rendered");
}

/** Null for what cannot be compared line by line. */
function textIn(content: Buffer): string | null {
  return content.length > FILE_BYTES_MAX || content.includes(0) ? null : content.toString("utf8");
}

type Found =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "absent" }
  | { readonly kind: "unknown"; readonly why: string };

async function readNow(
  { host, step, timeoutMs, signal }: Place,
  path: string,
  { executorFor }: PutPreviewDependencies,
): Promise<Found> {
  if (/[*?[\]{}\\]/.test(path)) return { kind: "unknown", why: "its path has characters of a pattern in it" };
  const problems: CollectProblem[] = [];
  let found: Found | null = null;
  const limit = { filesMax: 1, fileBytesMax: FILE_BYTES_MAX, totalBytesMax: FILE_BYTES_MAX };
  try {
    await executorFor(host).collect(
      host,
      { paths: [path], changedSinceMs: null, ...limit, become: step.become, onTooBig: "skip" },
      {
        timeoutMs,
        signal,
        onFile: async (file) => {
          const parts: Uint8Array[] = [];
          for await (const part of file.content) parts.push(part);
          const text = textIn(Buffer.concat(parts));
          found = text === null ? { kind: "unknown", why: "it is no text" } : { kind: "text", text };
        },
        onProblem: (problem) => problems.push(problem),
      },
    );
  } catch (error) {
    if (!(error instanceof ExecutorError)) throw error;
    return { kind: "unknown", why: error.message };
  }
  if (found !== null) return found;
  const [problem] = problems;
  if (problem?.code === "no-match") return { kind: "absent" };
  return { kind: "unknown", why: problem?.message ?? "it could not be read" };
}
