import { readFile } from "node:fs/promises";
import type { Host } from "../hosts/host.ts";
import { type Executor, ExecutorError } from "../executors/executor.ts";
import { putFile, type PutEnd } from "../executors/put.ts";
import { formatDurationMs } from "../platform/durations.ts";
import type { PutSpec } from "../runbooks/verbs/put.ts";
import type { AttemptResult, StepContext } from "../runs/step-context.ts";
import { ended, failed, succeeded } from "./attempt-result.ts";

export interface PutDependencies {
  readonly executorFor: (host: Host) => Executor;
  /** Globs of the host's inventory entry, as it is now. */
  readonly writableOn: (host: Host) => readonly string[];
}

/**
 * `put`: makes a file of the host what it is to be, or leaves it as it is when it is so already. Its result is
 * {changed, path, backup}; its output says the same for people. The content is in neither.
 */
export async function putContent(
  context: StepContext,
  spec: PutSpec,
  dependencies: PutDependencies,
): Promise<AttemptResult> {
  const { host } = context;
  try {
    const end = await putFile(
      dependencies.executorFor(host),
      host,
      {
        path: spec.to,
        content: await contentOf(spec),
        mode: spec.mode,
        owner: spec.owner,
        backupSuffix: spec.isBackedUp ? `.nightshift-${context.run.id}` : null,
        become: context.step.become,
        writable: dependencies.writableOn(host),
      },
      { cookie: context.cookie, timeoutMs: context.timeoutMs, signal: context.signal },
    );
    return resultOf(context, end);
  } catch (error) {
    if (error instanceof ExecutorError) return failed(error.message, { didNotStart: true });
    throw error;
  }
}

async function contentOf({ from }: PutSpec): Promise<Uint8Array> {
  switch (from.kind) {
    case "text":
      return Buffer.from(from.text, "utf8");
    case "file":
      return readFile(from.path);
    case "input":
      throw new Error(`the input ${from.input} of a put was not rendered`);
  }
}

function resultOf(context: StepContext, end: PutEnd): AttemptResult {
  const { host } = context;
  const say = (line: string) => context.output.stdout.write(Buffer.from(`${line}\n`));
  switch (end.kind) {
    case "written": {
      say(`wrote ${end.path} on ${host.name}`);
      if (end.backup !== null) say(`the old file is ${end.backup}`);
      return succeeded({ json: { changed: true, path: end.path, backup: end.backup } });
    }
    case "unchanged":
      say(`${end.path} on ${host.name} was so already: unchanged`);
      return succeeded({ json: { changed: false, path: end.path, backup: null } });
    case "refused":
      return failed(end.message, { didNotStart: true, isPermanent: end.isPermanent });
    case "failed":
      return failed(end.message);
    case "timed_out":
      return ended(
        "timed_out",
        `took longer than ${formatDurationMs(context.timeoutMs)}; the file is the old one or the new one`,
      );
    case "cancelled":
      return ended("cancelled", "was stopped; the file is the old one or the new one");
    case "lost":
      return ended(
        "interrupted",
        `nobody knows how it ended: ${end.message}; the file is the old one or the new one`,
      );
  }
}
