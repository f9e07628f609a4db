/** What a plan freezes of a host, and what `inputs.host` shows to expressions. */
export interface Host {
  readonly name: string;
  /** Where to connect. Empty for `local`, the machine Nightshift itself runs on. */
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Where a host's secrets and trust come from; looked up at execution, never frozen in a plan. */
export interface HostAccess {
  readonly knownHostsFile: string | null;
  readonly keyFile: string | null;
}

/** One entry of the inventory. */
export interface InventoryHost extends Host {
  readonly aliases: readonly string[];
  readonly access: HostAccess;
  /** Users that steps may become, by `sudo -n`. */
  readonly become: readonly string[];
  /** Globs of the files that `collect` may read; nothing else is read. */
  readonly readable: readonly string[];
  /** False: no rule may change this host. */
  readonly isAutomated: boolean;
  /** True: at most one run at a time changes this host. */
  readonly isExclusive: boolean;
}

/** The name of the machine Nightshift runs on. */
export const LOCAL_HOST = "local";
