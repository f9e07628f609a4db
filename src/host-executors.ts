import { type ConnectFailure, type Executors, openExecutors } from "./executors/executors.ts";
import type { InventoryHost } from "./hosts/host.ts";
import type { KnownSecrets } from "./known-secrets.ts";
import { resolveSecret } from "./platform/secrets.ts";
import { stepLimits } from "./settings/limits.ts";
import { createSecretReaders, readEnvironment, type Settings } from "./settings/load.ts";

export interface HostExecutorsOptions {
  readonly lookUp: (hostName: string) => InventoryHost | undefined;
  /** Where commands on this machine run. */
  readonly workFolder: string;
  /** Gets every passphrase and password that is read. */
  readonly known: KnownSecrets;
  readonly onConnectFailure?: (reason: ConnectFailure) => void;
}

/** The ways to the hosts of the inventory, with the limits of the settings, and secrets read when a connection is made. */
export function openHostExecutors(settings: Settings, options: HostExecutorsOptions): Executors {
  const { known, ...rest } = options;
  const readers = known.learning("ssh", createSecretReaders(settings.folder));
  return openExecutors({
    ...rest,
    processLimits: stepLimits(settings),
    credentials: {
      readSecret: (ref) => resolveSecret(ref, readers),
      agentSocket: readEnvironment().agentSocket ?? null,
    },
  });
}
