import type { Catalog } from "./catalog/catalog.ts";
import type { KnownSecrets } from "./known-secrets.ts";
import type { Log } from "./platform/log.ts";
import { resolveSecret, SecretError, type SecretRef } from "./platform/secrets.ts";
import { createSecretReaders, type Settings } from "./settings/load.ts";

/** A vault that is asked by a command for each of hundreds of hosts is not asked for all at once. */
const AT_ONCE_MAX = 8;

/**
 * Reads passwords and passphrases of the inventory, so that they are known before the first connection: what a step says is
 * taken in from before its connection stands. One that cannot be read is logged; the connection that needs it says so again.
 */
export function createHostSecretReader(
  settings: Pick<Settings, "folder">,
  { known, log }: { readonly known: KnownSecrets; readonly log: Log },
): (catalog: Pick<Catalog, "inventory">) => Promise<void> {
  const readers = known.learning("ssh", createSecretReaders(settings.folder));
  const read = async (ref: SecretRef) => {
    try {
      await resolveSecret(ref, readers);
    } catch (error) {
      if (!(error instanceof SecretError)) throw error;
      log.warn(
        { problem: error.message },
        "a secret of hosts.yml cannot be read; hosts that need it cannot be reached",
      );
    }
  };
  return async ({ inventory }) => {
    const refs = new Map<string, SecretRef>();
    for (const { access } of inventory.hosts)
      for (const ref of [access.password, access.passphrase])
        if (ref !== null) refs.set(JSON.stringify(ref), ref);
    const waiting = [...refs.values()];
    const worker = async () => {
      for (let ref = waiting.shift(); ref !== undefined; ref = waiting.shift()) await read(ref);
    };
    await Promise.all(Array.from({ length: AT_ONCE_MAX }, worker));
  };
}
