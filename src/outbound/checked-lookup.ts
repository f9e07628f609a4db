import { lookup as systemLookup, type LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import type { AddressPolicy } from "./address-policy.ts";

type FoundHost = (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void;

/** Finds all addresses of a name. */
export type ResolveHost = (hostname: string, found: FoundHost) => void;

/** As the machine's resolver does it, `/etc/hosts` included. */
export function resolveBySystem(hostname: string, found: FoundHost): void {
  systemLookup(hostname, { all: true }, found);
}

/** None of a host's addresses may be connected to. */
export class AddressRefusedError extends Error {
  override readonly name = "AddressRefusedError";
}

/**
 * A lookup for `net.connect` that gives only allowed addresses. Since the socket connects to exactly what this returns, a
 * name that resolves differently from one moment to the next (DNS rebinding) gains nothing.
 */
export function checkedLookup(policy: AddressPolicy, resolveHost: ResolveHost): LookupFunction {
  return (hostname, options, callback) => {
    // Looking a name up tells its owner of it, whatever is in the name.
    if (!policy.allowsHost(hostname)) return callback(refusalOf(hostname, []), "", 0);
    resolveHost(hostname, (error, addresses) => {
      if (error !== null) return callback(error, "", 0);
      const allowed = addresses.filter(({ address }) => policy.allowsAddress(hostname, address));
      const [first] = allowed;
      if (first === undefined) return callback(refusalOf(hostname, addresses), "", 0);
      return options.all === true ? callback(null, allowed) : callback(null, first.address, first.family);
    });
  };
}

export function refusalOf(hostname: string, addresses: readonly LookupAddress[]): AddressRefusedError {
  const found = addresses.map(({ address }) => address).filter((address) => address !== hostname);
  const where = found.length === 0 ? "" : ` (${found.join(", ")})`;
  return new AddressRefusedError(`${hostname}${where} may not be connected to`);
}
