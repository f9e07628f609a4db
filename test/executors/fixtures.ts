import { randomUUID } from "node:crypto";
import type { Command, ExecutionLimits, RunOptions } from "../../src/executors/executor.ts";
import {
  LOCAL_HOST,
  type Host,
  type HostAccess,
  type InventoryHost,
  NO_ACCESS,
  type Transport,
} from "../../src/hosts/host.ts";
import type { TestSshd } from "../support/sshd.ts";

export const LOCAL: Host = { name: LOCAL_HOST, address: "", port: 0, user: "", labels: {} };

export function command(argv: readonly [string, ...string[]], more: Partial<Command> = {}): Command {
  return { argv, env: {}, stdin: null, cwd: null, become: null, ...more };
}

export function entry(more: Partial<InventoryHost> = {}): InventoryHost {
  return {
    ...LOCAL,
    aliases: [],
    access: NO_ACCESS,
    become: [],
    readable: [],
    writable: [],
    isAutomated: true,
    isExclusive: false,
    ...more,
  };
}

export function sshHost(sshd: TestSshd, name = "web-1"): Host {
  return { name, address: sshd.address, port: sshd.port, user: sshd.user, labels: {} };
}

/** Access to a server with the keys it was started with. */
export function sshAccess(sshd: TestSshd, more: Partial<HostAccess> = {}): HostAccess {
  return { ...NO_ACCESS, knownHostsFile: sshd.knownHostsFile, keyFile: sshd.keyFile, ...more };
}

export function sshEntry(
  sshd: TestSshd,
  more: Partial<InventoryHost> = {},
  transport: Transport = "ssh2",
): InventoryHost {
  return entry({ ...sshHost(sshd), access: sshAccess(sshd, { transport }), ...more });
}

/** Keeps the first bytes of each stream and counts the rest. */
export class Recorder {
  readonly #chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  readonly #cap: number;
  kept = 0;
  total = 0;

  constructor(cap = 1024 * 1024) {
    this.#cap = cap;
  }

  readonly stdout = { write: (chunk: Uint8Array) => this.#write("stdout", chunk) };
  readonly stderr = { write: (chunk: Uint8Array) => this.#write("stderr", chunk) };

  #write(stream: "stdout" | "stderr", chunk: Uint8Array): void {
    this.total += chunk.byteLength;
    const room = this.#cap - this.kept;
    if (room <= 0) return;
    const kept = Buffer.from(chunk.subarray(0, room));
    this.kept += kept.length;
    this.#chunks[stream].push(kept);
  }

  bytes(stream: "stdout" | "stderr" = "stdout"): Buffer {
    return Buffer.concat(this.#chunks[stream]);
  }

  text(stream: "stdout" | "stderr" = "stdout"): string {
    return this.bytes(stream).toString("utf8");
  }
}

export function runOptions(
  output: Recorder,
  limits: Partial<ExecutionLimits> = {},
  more: Partial<RunOptions> = {},
): RunOptions {
  return {
    cookie: `${randomUUID()}:step:1`,
    limits: { timeoutMs: 10_000, killGraceMs: 500, ...limits },
    output,
    signal: new AbortController().signal,
    ...more,
  };
}
