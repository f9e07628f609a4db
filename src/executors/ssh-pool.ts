import type { Duplex } from "node:stream";
import type { NodeSSH } from "node-ssh";
import type { Client } from "ssh2";
import type { Host } from "../hosts/host.ts";
import { ExecutorError } from "./executor.ts";
import { settledWithin } from "./interruption.ts";
import { connect, type ConnectionOptions } from "./ssh-connection.ts";
import type { Credentials } from "./ssh-credentials.ts";
import { openForward } from "./ssh-forward.ts";
import { type JobRequest, type OpenedJob, type OpenLimits, startJob } from "./ssh-job.ts";
import { type Route, routeKey, routeToJump } from "./ssh-route.ts";

/** What a connection is used for, and by how many at once. */
const PURPOSES = {
  /** OpenSSH refuses more than 10 sessions on a connection, and a closed one takes a moment to go. */
  sessions: 8,
  /** Connections to hosts behind a jump host. They are no sessions; few enough that one slow reader delays few others. */
  forwards: 32,
} as const;
type Purpose = keyof typeof PURPOSES;

const IDLE_CLOSE_MS = 60_000;
const FAREWELL_MS = 500;
/** With less time left than this a second connection is not worth a try. */
const RETRY_MS_MIN = 100;

interface Lease {
  readonly client: Client;
  /** True when the connection served somebody before, so it may have gone stale unnoticed. */
  readonly isReused: boolean;
  readonly release: (state?: "broken") => void;
}

interface PooledConnection {
  readonly key: string;
  readonly purpose: Purpose;
  readonly ready: Promise<NodeSSH>;
  leases: number;
  served: number;
  isBroken: boolean;
  idleTimer: NodeJS.Timeout | undefined;
}

/**
 * Keeps connections open between commands: at most eight commands share one, an idle one is closed after a minute. How
 * many connections a host gets is bounded by how many steps run at once. Connections to jump hosts are kept and shared
 * in the same way.
 */
export class SshPool {
  readonly #options: ConnectionOptions;
  readonly #credentials: Credentials;
  readonly #connections = new Set<PooledConnection>();
  #isClosed = false;

  constructor(credentials: Credentials, options: ConnectionOptions) {
    this.#credentials = credentials;
    this.#options = options;
  }

  /**
   * Opens a session for one job. A kept connection that turns out dead is replaced once. Throws {@link ExecutorError} when
   * that does not succeed within the time, or the signal is aborted first: the job has not started then.
   */
  async openJob(route: Route, request: JobRequest, limits: OpenLimits): Promise<OpenedJob> {
    const { host } = route.target;
    const { value: job, release } = await this.#use(route, "sessions", limits, (client, left) =>
      startJob(client, host.name, request, left),
    );
    const finish = (state?: "broken") => {
      job.close();
      release(state);
    };
    return { job, finish };
  }

  /** Closes every connection; commands under way on them are lost. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const connections = [...this.#connections];
    await Promise.all(connections.map((connection) => this.#discard(connection)));
  }

  /** Opens something on a connection, and once more on a new one when a kept one gave no channel. */
  async #use<Value>(
    route: Route,
    purpose: Purpose,
    limits: OpenLimits,
    open: (client: Client, left: OpenLimits) => Promise<Value>,
  ): Promise<{ readonly value: Value; readonly release: Lease["release"] }> {
    const deadline = performance.now() + limits.timeoutMs;
    for (;;) {
      const left = { timeoutMs: deadline - performance.now(), signal: limits.signal };
      const { client, isReused, release } = await this.#acquire(route, purpose, left);
      try {
        return { value: await open(client, left), release };
      } catch (error) {
        const isChannelMissing = !(error instanceof ExecutorError) || error.code === "no-channel";
        release(isChannelMissing ? "broken" : undefined);
        const mayTryAgain = isReused && !limits.signal.aborted && deadline - performance.now() > RETRY_MS_MIN;
        if (!(error instanceof ExecutorError) || !isChannelMissing || !mayTryAgain) throw error;
      }
    }
  }

  async #acquire(route: Route, purpose: Purpose, options: OpenLimits): Promise<Lease> {
    const { host } = route.target;
    const connection = this.#reserve(route, purpose);
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

  #reserve(route: Route, purpose: Purpose): PooledConnection {
    if (this.#isClosed) throw unreachable(route.target.host, "the service is stopping");
    const key = routeKey(route);
    const free = [...this.#connections].find(
      (connection) =>
        connection.key === key &&
        connection.purpose === purpose &&
        !connection.isBroken &&
        connection.leases < PURPOSES[purpose],
    );
    const connection = free ?? this.#open(key, route, purpose);
    clearTimeout(connection.idleTimer);
    connection.leases += 1;
    return connection;
  }

  #open(key: string, route: Route, purpose: Purpose): PooledConnection {
    const ready = this.#connect(route);
    const connection: PooledConnection = {
      key,
      purpose,
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

  /** Directly, or through the connection to the last jump host, which is held until this one is closed. */
  async #connect(route: Route): Promise<NodeSSH> {
    const jump = routeToJump(route);
    if (jump === null) return connect(route, null, this.#credentials, this.#options);
    const forward = await this.#forward(jump, route.target.host);
    try {
      const ssh = await connect(route, forward.socket, this.#credentials, this.#options);
      if (ssh.connection === null) forward.close();
      else ssh.connection.once("close", forward.close);
      return ssh;
    } catch (error) {
      forward.close();
      throw error;
    }
  }

  async #forward(jump: Route, host: Host): Promise<{ readonly socket: Duplex; readonly close: () => void }> {
    // Each jump host may take the time that a direct connection may.
    const timeoutMs = this.#options.connectTimeoutMs * (jump.jumps.length + 2);
    const limits = { timeoutMs, signal: new AbortController().signal };
    const { value: socket, release } = await this.#use(jump, "forwards", limits, (client, left) =>
      openForward(client, jump, host, {
        timeoutMs: Math.min(left.timeoutMs, this.#options.connectTimeoutMs),
        signal: left.signal,
      }),
    );
    let isClosed = false;
    const close = () => {
      if (isClosed) return;
      isClosed = true;
      socket.destroy();
      release();
    };
    return { socket, close };
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
