import type { NodeSSH } from "node-ssh";
import type { Client } from "ssh2";
import type { Host } from "../hosts/host.ts";
import { ExecutorError } from "./executor.ts";
import type { HostEntry } from "./host-entry.ts";
import { settledWithin } from "./interruption.ts";
import { connect, type ConnectionOptions } from "./ssh-connection.ts";
import { type JobRequest, type OpenLimits, type SshJob, startJob } from "./ssh-job.ts";

/** OpenSSH refuses more than 10 sessions on a connection, and a closed one takes a moment to go. */
const CHANNELS_MAX = 8;
const IDLE_CLOSE_MS = 60_000;
const FAREWELL_MS = 500;
/** With less time left than this a second connection is not worth a try. */
const RETRY_MS_MIN = 100;

/** A job with the connection it runs on. `finish` must be called once; `broken` also takes the connection out of use. */
export interface OpenedJob {
  readonly job: SshJob;
  readonly finish: (state?: "broken") => void;
}

interface Lease {
  readonly client: Client;
  /** True when the connection served somebody before, so it may have gone stale unnoticed. */
  readonly isReused: boolean;
  readonly release: (state?: "broken") => void;
}

interface PooledConnection {
  readonly key: string;
  readonly ready: Promise<NodeSSH>;
  leases: number;
  served: number;
  isBroken: boolean;
  idleTimer: NodeJS.Timeout | undefined;
}

/**
 * Keeps connections open between commands: at most eight commands share one, an idle one is closed after a minute. How
 * many connections a host gets is bounded by how many steps run at once.
 */
export class SshPool {
  readonly #options: ConnectionOptions;
  readonly #connections = new Set<PooledConnection>();
  #isClosed = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /**
   * Opens a session for one job. A kept connection that turns out dead is replaced once. Throws {@link ExecutorError} when
   * that does not succeed within the time, or the signal is aborted first: the job has not started then.
   */
  async openJob(host: Host, entry: HostEntry, request: JobRequest, limits: OpenLimits): Promise<OpenedJob> {
    const deadline = performance.now() + limits.timeoutMs;
    for (;;) {
      const left = { timeoutMs: deadline - performance.now(), signal: limits.signal };
      const { client, isReused, release } = await this.#acquire(host, entry, left);
      try {
        const job = await startJob(client, host.name, request, left);
        const finish = (state?: "broken") => {
          job.close();
          release(state);
        };
        return { job, finish };
      } catch (error) {
        release("broken");
        const mayTryAgain = isReused && !limits.signal.aborted && deadline - performance.now() > RETRY_MS_MIN;
        if (!(error instanceof ExecutorError) || !mayTryAgain) throw error;
      }
    }
  }

  /** Closes every connection; commands under way on them are lost. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const connections = [...this.#connections];
    await Promise.all(connections.map((connection) => this.#discard(connection)));
  }

  async #acquire(host: Host, entry: HostEntry, options: OpenLimits): Promise<Lease> {
    const connection = this.#reserve(host, entry);
    const isReused = connection.served > 0;
    try {
      await waitFor(connection.ready, host, options);
      const client = (await connection.ready).connection;
      if (client === null) throw unreachable(host, "the connection was closed");
      connection.served += 1;
      return { client, isReused, release: (state) => this.#release(connection, state) };
    } catch (error) {
      this.#release(connection);
      throw error;
    }
  }

  #reserve(host: Host, entry: HostEntry): PooledConnection {
    if (this.#isClosed) throw unreachable(host, "the service is stopping");
    const key = JSON.stringify([host.user, host.address, host.port, entry.access]);
    const free = [...this.#connections].find(
      (connection) => connection.key === key && !connection.isBroken && connection.leases < CHANNELS_MAX,
    );
    const connection = free ?? this.#open(key, host, entry);
    clearTimeout(connection.idleTimer);
    connection.leases += 1;
    return connection;
  }

  #open(key: string, host: Host, entry: HostEntry): PooledConnection {
    const ready = connect(host, entry, this.#options);
    const connection: PooledConnection = {
      key,
      ready,
      leases: 0,
      served: 0,
      isBroken: false,
      idleTimer: undefined,
    };
    this.#connections.add(connection);
    ready.then(
      (ssh) => {
        ssh.connection?.once("end", () => void this.#discard(connection));
        ssh.connection?.once("close", () => void this.#discard(connection));
        if (this.#isClosed || ssh.connection === null) void this.#discard(connection);
      },
      () => void this.#discard(connection),
    );
    return connection;
  }

  #release(connection: PooledConnection, state?: "broken"): void {
    connection.leases -= 1;
    if (state === "broken") connection.isBroken = true;
    if (connection.leases > 0) return;
    if (connection.isBroken) void this.#discard(connection);
    else if (this.#connections.has(connection)) {
      connection.idleTimer = setTimeout(() => void this.#discard(connection), IDLE_CLOSE_MS);
      connection.idleTimer.unref();
    }
  }

  /** Takes the connection out of use and closes it: with a farewell, and by force when that finds no answer. Never rejects. */
  async #discard(connection: PooledConnection): Promise<void> {
    connection.isBroken = true;
    clearTimeout(connection.idleTimer);
    if (!this.#connections.delete(connection)) return;
    const client = await connection.ready.then(
      (ssh) => ssh.connection,
      () => null,
    );
    if (client === null) return;
    const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
    client.end();
    if (!(await settledWithin(closed, FAREWELL_MS))) client.destroy();
  }
}

async function waitFor(ready: Promise<unknown>, host: Host, options: OpenLimits): Promise<void> {
  let onAbort = () => {};
  const aborted = new Promise<void>((resolve) => {
    onAbort = resolve;
    options.signal.addEventListener("abort", onAbort);
  });
  try {
    const isSettled = await settledWithin(Promise.race([ready, aborted]), options.timeoutMs);
    if (options.signal.aborted) throw unreachable(host, "the step was cancelled first");
    if (!isSettled) throw unreachable(host, `no connection within ${Math.round(options.timeoutMs)} ms`);
  } finally {
    options.signal.removeEventListener("abort", onAbort);
  }
}

function unreachable(host: Host, message: string): ExecutorError {
  return new ExecutorError("host-unreachable", `could not connect to ${host.name}: ${message}`, {
    isRetryable: true,
  });
}
