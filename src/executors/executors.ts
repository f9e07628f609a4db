import { type Host, type InventoryHost, LOCAL_HOST } from "../hosts/host.ts";
import { type Executor, ExecutorError } from "./executor.ts";
import type { HostLookup } from "./host-entry.ts";
import { createLocalExecutor } from "./local.ts";
import type { ProcessLimits } from "./process-limits.ts";
import { createSshExecutor } from "./ssh.ts";
import type { ConnectionOptions } from "./ssh-connection.ts";
import type { CredentialSources } from "./ssh-credentials.ts";

export interface ExecutorsOptions {
  /** Asked at every use, so that a reload of the inventory takes effect at once. */
  readonly lookUp: HostLookup<InventoryHost>;
  /** Where passphrases, passwords and the agent are. Default: nowhere. */
  readonly credentials?: CredentialSources;
  /** Where commands on this machine run that name no folder of their own. */
  readonly workFolder: string;
  /** Added to the clean environment of commands on this machine, such as another PATH. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Of commands on this machine. Default: none. */
  readonly processLimits?: ProcessLimits;
  readonly connection?: Partial<ConnectionOptions>;
  /** Told of each command or collection that could not begin because the host could not be used. */
  readonly onConnectFailure?: (reason: ConnectFailure) => void;
}

/** Why a host could not be used. */
export const CONNECT_FAILURES = [
  "host-unreachable",
  "host-key-refused",
  "login-refused",
  "no-channel",
] as const;
export type ConnectFailure = (typeof CONNECT_FAILURES)[number];

export interface Executors {
  /** The way to run commands on the host: directly on `local`, over SSH elsewhere. */
  forHost(host: Host): Executor;
  /** Closes all connections. Commands under way over SSH are lost; those on this machine go on. */
  close(): Promise<void>;
}

export function openExecutors(options: ExecutorsOptions): Executors {
  const { lookUp, workFolder, environment, processLimits, connection, credentials } = options;
  const local = createLocalExecutor({
    lookUp,
    workFolder,
    ...(environment === undefined ? {} : { environment }),
    ...(processLimits === undefined ? {} : { processLimits }),
  });
  const ssh = watched(
    createSshExecutor({
      lookUp,
      ...(credentials === undefined ? {} : { credentials }),
      ...(connection === undefined ? {} : { connection }),
    }),
    options.onConnectFailure ?? (() => {}),
  );
  return {
    forHost: (host) => (host.name === LOCAL_HOST ? local : ssh),
    close: async () => {
      await Promise.all([local.close(), ssh.close()]);
    },
  };
}

/** The same executor, with somebody who counts what could not begin. */
function watched(executor: Executor, onFailure: (reason: ConnectFailure) => void): Executor {
  async function watch<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await work;
    } catch (error) {
      const code = error instanceof ExecutorError ? error.code : undefined;
      const reason = CONNECT_FAILURES.find((candidate) => candidate === code);
      if (reason !== undefined) onFailure(reason);
      throw error;
    }
  }
  return {
    run: (host, command, options) => watch(executor.run(host, command, options)),
    collect: (host, request, options) => watch(executor.collect(host, request, options)),
    sweep: (host, cookie) => watch(executor.sweep(host, cookie)),
    close: () => executor.close(),
  };
}
