import type { Host } from "../hosts/host.ts";
import { ChunkQueue } from "./chunk-queue.ts";
import type { CollectOptions, CollectRequest } from "./collect.ts";
import { CollectStopped, type ProblemReport } from "./collect-selection.ts";
import { notStarted } from "./not-started.ts";
import { scriptJob } from "./remote-command.ts";
import type { JobRequest, OpenedJob, OpenLimits } from "./ssh-job.ts";

/** Opens a job on the host in question. */
export type OpenHostJob = (request: JobRequest, limits: OpenLimits) => Promise<OpenedJob>;

/** One collection under way. */
export interface Collection {
  readonly open: OpenHostJob;
  readonly host: Host;
  readonly request: CollectRequest;
  readonly options: CollectOptions;
  readonly problems: ProblemReport;
  /** Aborted with a {@link CollectStopped} as its reason. */
  readonly signal: AbortSignal;
  readonly leftMs: () => number;
}

export interface ScriptRun {
  readonly script: string;
  readonly values: readonly string[];
  /** Goes to the script by its environment, which only the login itself and root may read. */
  readonly mark: string | null;
}

/** Runs a script, hands its output to the reader, and resolves with what it said on stderr. */
export async function runScript(
  collection: Collection,
  run: ScriptRun,
  read: (queue: ChunkQueue) => Promise<void>,
): Promise<string> {
  collection.signal.throwIfAborted();
  const { open, host, signal, leftMs } = collection;
  const asked = collection.request.become ?? null;
  const become = asked === host.user ? null : asked;
  let said = "";
  let flow = { pause: () => {}, resume: () => {} };
  const queue = new ChunkQueue({ pause: () => flow.pause(), resume: () => flow.resume() });
  const opened = await open(
    {
      become,
      job: (nonce) => scriptJob(run.script, run.values, run.mark, leftMs(), nonce),
      stdin: null,
      onStdout: (chunk) => queue.push(chunk),
      onStderr: (chunk) => {
        said = (said + Buffer.from(chunk).toString("utf8")).slice(0, 8 * 1024);
      },
    },
    { timeoutMs: leftMs(), signal },
  );
  flow = opened.job;
  const onAbort = () => queue.end(signal.reason as Error);
  signal.addEventListener("abort", onAbort);
  // How it ended counts, and that all of its output has come: one that broke off is no short answer.
  void Promise.all([opened.job.exited, opened.job.closed]).then(([end]) => {
    if (end.kind !== "exited") queue.end(new CollectStopped("lost"));
    else if (!end.hasStarted)
      queue.end(notStarted(host, { argv: ["sh"], cwd: null, become }, end.exitCode, end.said));
    else queue.end(end.exitCode === 0 ? undefined : new CollectStopped("lost"));
  });
  try {
    await read(queue);
    return said;
  } finally {
    signal.removeEventListener("abort", onAbort);
    opened.finish();
  }
}
