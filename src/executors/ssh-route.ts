import type { Host, HostAccess, InventoryHost } from "../hosts/host.ts";
import { ExecutorError } from "./executor.ts";
import { hostEntry, type HostLookup } from "./host-entry.ts";

/** More than the inventory allows; stops a circle that a reload has just made. */
const HOPS_MAX = 10;

/** One machine on the way to a host, with its own credentials. */
export interface Hop {
  readonly host: Host;
  readonly access: HostAccess;
}

/** The jump hosts in the order they are passed, and the host itself at the end. */
export interface Route {
  readonly jumps: readonly Hop[];
  readonly target: Hop;
}

/**
 * The way to a host: itself as the plan froze it, jump hosts and credentials as the inventory has them now. Throws
 * {@link ExecutorError} when a jump host has left the inventory.
 */
export function routeTo(lookUp: HostLookup<InventoryHost>, host: Host): Route {
  const { access } = hostEntry(lookUp, host);
  const jumps: Hop[] = [];
  for (let via = access.via; via !== null; ) {
    const jump = hostEntry(lookUp, { name: via });
    jumps.unshift({ host: jump, access: jump.access });
    if (jumps.length >= HOPS_MAX)
      throw new ExecutorError("unknown-host", `the way to ${host.name} has no end: check via in hosts.yml`, {
        isRetryable: false,
      });
    via = jump.access.via;
  }
  return { jumps, target: { host, access } };
}

/** The way to the last jump host; null when there is none. */
export function routeToJump({ jumps }: Route): Route | null {
  const target = jumps.at(-1);
  return target === undefined ? null : { jumps: jumps.slice(0, -1), target };
}

/** The same for two hosts whose connections can be shared: same machines, users, trust and credentials. */
export function routeKey({ jumps, target }: Route): string {
  return JSON.stringify(
    [...jumps, target].map(({ host, access }) => [host.user, host.address, host.port, access]),
  );
}

/** `web-1 (10.0.0.11 port 22 by way of bastion)`, for messages. */
export function describeServer({ jumps, target }: Route): string {
  const { name, address, port } = target.host;
  const way = jumps.length === 0 ? "" : ` by way of ${jumps.map((jump) => jump.host.name).join(", ")}`;
  return `${name} (${address} port ${port}${way})`;
}
