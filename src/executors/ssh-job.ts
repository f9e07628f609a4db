import { randomUUID } from "node:crypto";
import type { Client, ClientChannel } from "ssh2";
import { ExecutorError, type OutputStream } from "./executor.ts";
import { watchInterruption } from "./interruption.ts";
import { loaderCommand } from "./remote-command.ts";
import { StartGate } from "./start-gate.ts";

/** A server that does not open a session for this long is as good as gone. */
const CHANNEL_TIMEOUT_MS = 10_000;

/** How long opening may take. */
export interface OpenLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface JobRequest {
  readonly become: string | null;
  /** Makes the job line, given the nonce by which it announces its start and, where that is asked for, its end. */
  readonly job: (nonce: string, isEndAnnounced: boolean) => string;
  readonly stdin: string | null;
  readonly onStdout: OutputStream["write"];
  readonly onStderr: OutputStream["write"];
}

export type JobEnd =
  /** The exit code came. `hasStarted` is false when the job never announced its start; `said` is then why. */
  | {
      readonly kind: "exited";
      readonly exitCode: number;
      readonly hasStarted: boolean;
      readonly said: string;
    }
  | { readonly kind: "signalled"; readonly signal: string }
  | { readonly kind: "lost" };

/** One session on a connection. Its output is read as it comes unless `pause` says otherwise. */
export interface SshJob {
  /** The command has ended; others may still hold its output. */
  readonly exited: Promise<JobEnd>;
  /** The session is closed: nothing more will come. */
  readonly closed: Promise<void>;
  pause(): void;
  resume(): void;
  close(): void;
}

/** A job with the connection it runs on. `finish` must be called once; `broken` also takes the connection out of use. */
export interface OpenedJob {
  readonly job: SshJob;
  readonly finish: (state?: "broken") => void;
}

/**
 * Opens a session and hands it one job. Throws {@link ExecutorError} `no-channel` when no session was opened: the job line
 * was not sent then, so nothing has started.
 */
export async function startJob(
  client: Client,
  hostName: string,
  request: JobRequest,
  limits: OpenLimits,
): Promise<SshJob> {
  const command = loaderCommand(request.become);
  return openChannel(client, hostName, command, limits, (channel) => sendJob(channel, request));
}

/** Listens before it returns: a command that ends at once may have its exit code in the packet that opened the session. */
function sendJob(channel: ClientChannel, request: JobRequest): SshJob {
  const nonce = randomUUID();
  const stdout = new StartGate(nonce, request.onStdout);
  const stderr = new StartGate(nonce, request.onStderr);
  channel.on("data", (chunk: Buffer) => stdout.write(chunk));
  channel.stderr.on("data", (chunk: Buffer) => stderr.write(chunk));
  // A command need not read its stdin; a broken connection shows as a close without an exit code.
  channel.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => channel.once("close", () => resolve()));
  const exit = new Promise<JobEnd>((resolve) => {
    channel.once("exit", (code: number | null, signal?: string) =>
      resolve(
        code === null
          ? { kind: "signalled", signal: signal ?? "unknown" }
          : { kind: "exited", exitCode: code, hasStarted: stdout.isOpen, said: "" },
      ),
    );
    void closed.then(() => resolve({ kind: "lost" }));
  });
  const exited = exit.then(async (end): Promise<JobEnd> => {
    if (end.kind !== "exited" || end.hasStarted) return end;
    // The exit code may overtake the output that came before it.
    await closed;
    return { ...end, hasStarted: stdout.isOpen, said: stderr.lastLine() };
  });
  channel.end(request.job(nonce, false) + (request.stdin ?? ""));
  return {
    exited,
    closed,
    pause: () => channel.pause(),
    resume: () => channel.resume(),
    close: () => channel.close(),
  };
}

async function openChannel<Result>(
  client: Client,
  hostName: string,
  command: string,
  limits: OpenLimits,
  use: (channel: ClientChannel) => Result,
): Promise<Result> {
  const interruption = watchInterruption(Math.min(limits.timeoutMs, CHANNEL_TIMEOUT_MS), limits.signal);
  try {
    return await new Promise<Result>((resolve, reject) => {
      let isLate = false;
      const refuse = (why: string, cause?: unknown) => {
        isLate = true;
        reject(
          new ExecutorError("no-channel", `${hostName} opened no session: ${why}`, {
            isRetryable: true,
            cause,
          }),
        );
      };
      void interruption.happened.then((kind) =>
        refuse(kind === "cancelled" ? "the step was cancelled first" : "no answer in time"),
      );
      client.exec(command, (error, channel) => {
        if (error !== undefined) refuse(error.message, error);
        // One that opens late waits for a job line, and is closed without it.
        else if (isLate) channel.close();
        else resolve(use(channel));
      });
    });
  } catch (error) {
    if (error instanceof ExecutorError) throw error;
    throw new ExecutorError("no-channel", `the connection to ${hostName} is closed`, {
      isRetryable: true,
      cause: error,
    });
  } finally {
    interruption.dispose();
  }
}
