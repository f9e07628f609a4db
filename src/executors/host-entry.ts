import type { Host, InventoryHost } from "../hosts/host.ts";
import { ExecutorError } from "./executor.ts";

/** What every executor asks the inventory about a host at the moment of execution; a plan never freezes it. */
export type HostEntry = Pick<InventoryHost, "become" | "readable">;

/** Undefined when the inventory no longer knows the host. */
export type HostLookup<Entry extends HostEntry = HostEntry> = (hostName: string) => Entry | undefined;

/** Throws {@link ExecutorError} when the host has left the inventory. */
export function hostEntry<Entry extends HostEntry>(
  lookUp: HostLookup<Entry>,
  host: Pick<Host, "name">,
): Entry {
  const entry = lookUp(host.name);
  if (entry !== undefined) return entry;
  throw new ExecutorError("unknown-host", `${host.name} is not in the inventory: add it to hosts.yml`, {
    isRetryable: false,
  });
}

/** Throws {@link ExecutorError} when the inventory does not let steps become the user on the host. */
export function checkBecome(host: Host, entry: HostEntry, become: string | null): void {
  if (become === null || entry.become.includes(become)) return;
  throw new ExecutorError(
    "not-permitted",
    `steps may not become ${become} on ${host.name}: list the user under become in its entry of hosts.yml`,
    { isRetryable: false },
  );
}
