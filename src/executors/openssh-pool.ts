import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cleanEnvironment } from "./clean-environment.ts";
import { ExecutorError } from "./executor.ts";
import { settledWithin } from "./interruption.ts";
import { startProcess } from "./local-process.ts";
import { killCall, logsOf, startCall, toOpenedJob, waitForStart } from "./openssh-call.ts";
import { endMasterArgv, jumpScript, opensshArgv } from "./openssh-command.ts";
import type { ConnectionOptions } from "./ssh-connection.ts";
import type { JobRequest, OpenedJob, OpenLimits } from "./ssh-job.ts";
import { type Route, routeKey, routeToJump } from "./ssh-route.ts";

/** OpenSSH refuses more than 10 sessions on a connection, and a closed one takes a moment to go. */
const JOBS_MAX = 8;
/** A connection that is always in use is replaced after so many jobs: its master writes a few lines of log for each. */
const JOBS_SERVED_MAX = 1_000;
/** The path of a Unix socket has at most 107 bytes; `%C` has 40 in it, and ssh adds 17 while it makes one. */
const SOCKET_PATH_MAX = 107;
const SOCKET_NAME_MAX = 40 + 17 + 12;
const END_MASTER_MS = 1_000;

/** One connection, which up to eight calls share. */
interface Slot {
  readonly key: string;
  /** Null where the folder's path is too long for a socket: each call has its own connection then. */
  readonly control: string | null;
  jobs: number;
  served: number;
}

/**
 * Runs jobs by the `ssh` program of this machine, whose connections are kept for a minute by its own ControlMaster. Sockets,
 * logs and scripts are in a folder that only this user may enter.
 */
export class OpensshPool {
  readonly #options: ConnectionOptions;
  readonly #agentSocket: string | null;
  readonly #slots = new Set<Slot>();
  readonly #scripts = new Map<string, Promise<string>>();
  #folder: Promise<string> | null = null;
  #slotsMade = 0;
  #isClosed = false;

  constructor(agentSocket: string | null, options: ConnectionOptions) {
    this.#options = options;
    this.#agentSocket = agentSocket;
  }

  /**
   * Hands a job to ssh and waits until it announces its start. Throws {@link ExecutorError} when ssh did not log in: the
   * job has not started then. Where that is not certain the job is given back, and ends as `lost` at the worst.
   */
  async openJob(route: Route, request: JobRequest, limits: OpenLimits): Promise<OpenedJob> {
    if (this.#isClosed)
      throw new ExecutorError("host-unreachable", "the service is stopping", { isRetryable: true });
    this.#folder ??= mkdtemp(join(tmpdir(), "nightshift-ssh-"));
    const folder = await this.#folder;
    const log = join(folder, `${randomUUID()}.log`);
    const slot = this.#takeSlot(route, folder);
    const release = (state?: "broken") => this.#release(slot, state);
    try {
      const jump = routeToJump(route);
      const script = jump === null ? null : await this.#script(jump, folder);
      const files = { control: slot.control, log, jumpScript: script };
      const argv = opensshArgv(route, request.become, files, this.#options);
      const call = await startCall(argv, this.#environment(route), request);
      const failure = await waitForStart(call, route, log, limits);
      if (failure === null) return toOpenedJob(call, release);
      call.process.abandon();
      throw failure;
    } catch (error) {
      release();
      throw error;
    } finally {
      for (const { path } of logsOf(route, log)) void rm(path, { force: true });
    }
  }

  /** Ends the connections that are kept; commands under way on them are lost. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const folder = await this.#folder;
    if (folder === null) return;
    await endMasters(folder, "");
    await rm(folder, { recursive: true, force: true });
  }

  /** Only a host that is to use the agent gets to know of it. */
  #environment({ jumps, target }: Route): Readonly<Record<string, string>> {
    const isAgentUsed = [...jumps, target].some(({ access }) => access.isAgentUsed);
    const socket = isAgentUsed ? this.#agentSocket : null;
    return cleanEnvironment({ LC_ALL: "C", ...(socket === null ? {} : { SSH_AUTH_SOCK: socket }) });
  }

  #takeSlot(route: Route, folder: string): Slot {
    const key = routeKey(route);
    const free = [...this.#slots].find((slot) => slot.key === key && slot.jobs < JOBS_MAX);
    const slot = free ?? this.#makeSlot(key, folder);
    slot.jobs += 1;
    slot.served += 1;
    if (slot.served >= JOBS_SERVED_MAX) this.#slots.delete(slot);
    return slot;
  }

  #makeSlot(key: string, folder: string): Slot {
    this.#slotsMade += 1;
    const hasRoom = Buffer.byteLength(folder) + SOCKET_NAME_MAX <= SOCKET_PATH_MAX;
    const isPlain = !/["'%\\$\s]/.test(folder);
    const control = hasRoom && isPlain ? join(folder, `${this.#slotsMade}-%C`) : null;
    const slot: Slot = { key, control, jobs: 0, served: 0 };
    this.#slots.add(slot);
    return slot;
  }

  #release(slot: Slot, state?: "broken"): void {
    slot.jobs -= 1;
    if (state !== "broken" || !this.#slots.delete(slot) || slot.control === null) return;
    const [folder = "", prefix = ""] = slot.control.split(/\/(?=[^/]*$)/);
    void endMasters(folder, prefix.replace("%C", ""));
  }

  /** The script that reaches a host behind the jump host; written once for each way. */
  #script(jump: Route, folder: string): Promise<string> {
    const key = routeKey(jump);
    const known = this.#scripts.get(key);
    if (known !== undefined) return known;
    const written = this.#writeScript(jump, folder);
    this.#scripts.set(key, written);
    written.catch(() => this.#scripts.delete(key));
    return written;
  }

  async #writeScript(jump: Route, folder: string): Promise<string> {
    const before = routeToJump(jump);
    const inner = before === null ? null : await this.#script(before, folder);
    const path = join(folder, `${randomUUID()}.sh`);
    await writeFile(path, jumpScript(jump, inner, this.#options), { mode: 0o600 });
    return path;
  }
}

/** Ends the masters whose sockets begin with the prefix. Never rejects: one that does not answer ends with its connection. */
async function endMasters(folder: string, prefix: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const sockets = names.filter((name) => name.startsWith(prefix) && /^\d+-[0-9a-f]+$/.test(name));
  await Promise.all(sockets.map((name) => endMaster(join(folder, name))));
}

async function endMaster(socket: string): Promise<void> {
  try {
    const process = await startProcess({
      argv: endMasterArgv(socket),
      env: cleanEnvironment({ LC_ALL: "C" }),
      cwd: "/",
      stdin: null,
      onStdout: () => {},
      onStderr: () => {},
    });
    if (!(await settledWithin(process.exited, END_MASTER_MS))) killCall(process);
    process.abandon();
  } catch {
    // Without ssh there is no master either.
  }
}
