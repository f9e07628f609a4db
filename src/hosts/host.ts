import type { SecretRef } from "../platform/secrets.ts";

/** What a plan freezes of a host, and what `inputs.host` shows to expressions. */
export interface Host {
  readonly name: string;
  /** Where to connect. Empty for `local`, the machine Nightshift itself runs on. */
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Who speaks SSH: our own client, or the `ssh` program of this machine with its configuration. */
export const TRANSPORTS = ["ssh2", "openssh"] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** How a host is reached and trusted; looked up at execution, never frozen in a plan. Paths are absolute. */
export interface HostAccess {
  readonly transport: Transport;
  /** Name of the host that the connection goes through. */
  readonly via: string | null;
  readonly knownHostsFile: string | null;
  readonly keyFile: string | null;
  /** Of the key. */
  readonly passphrase: SecretRef | null;
  /** Tried when nothing else was accepted. */
  readonly password: SecretRef | null;
  /** Keys of the agent of `SSH_AUTH_SOCK` are tried after the key. */
  readonly isAgentUsed: boolean;
}

/** One entry of the inventory. */
export interface InventoryHost extends Host {
  readonly aliases: readonly string[];
  readonly access: HostAccess;
  /** Users that steps may become, by `sudo -n`. */
  readonly become: readonly string[];
  /** Globs of the files that `collect` may read; nothing else is read. */
  readonly readable: readonly string[];
  /** Globs of the files that `put` may write; nothing else is written. */
  readonly writable: readonly string[];
  /** False: no rule may change this host. */
  readonly isAutomated: boolean;
  /** True: at most one run at a time changes this host. */
  readonly isExclusive: boolean;
}

/** The name of the machine Nightshift runs on. */
export const LOCAL_HOST = "local";

/** Access of a host that nothing was said about. */
export const NO_ACCESS: HostAccess = {
  transport: "ssh2",
  via: null,
  knownHostsFile: null,
  keyFile: null,
  passphrase: null,
  password: null,
  isAgentUsed: false,
};
