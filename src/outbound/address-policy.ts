import { createAddressClassifier } from "./addresses.ts";

/** Where connections may lead. Asked for the first URL, and for each redirect. */
export interface AddressPolicy {
  /** Whether a URL may have this host at all. Asked first: the name of any other host is not even looked up. */
  allowsHost(hostname: string): boolean;
  /** Whether a connection to this address is allowed for a URL with this host. Asked for each address. */
  allowsAddress(hostname: string, address: string): boolean;
}

/** For what the administrator configured (Prometheus, Alertmanager, notifiers): any address. */
export const anyAddress: AddressPolicy = { allowsHost: () => true, allowsAddress: () => true };

export interface RunbookHosts {
  /** The runbook's `http_hosts`: names, addresses, and `*.example.net` for every name below. */
  readonly httpHosts: readonly string[];
  /** Names and addresses of the inventory. */
  readonly inventory: readonly string[];
}

/**
 * For URLs of a runbook, parts of which come from its inputs: only hosts of the inventory or of `http_hosts`, and of their
 * addresses only public and private ones. Loopback, link-local and other special addresses only when `http_hosts` names that
 * address (or `localhost`), so that no DNS answer can lead there. Addresses of cloud metadata never.
 */
export function runbookAddressPolicy(hosts: RunbookHosts): AddressPolicy {
  const named = new Set(hosts.httpHosts.map(canonicalHost));
  const inventory = new Set(hosts.inventory.map(canonicalHost));
  const suffixes = hosts.httpHosts
    .filter((host) => host.startsWith("*."))
    .map((host) => canonicalHost(host.slice(1)));
  const classifier = createAddressClassifier();
  const isKnown = (host: string) =>
    named.has(host) || inventory.has(host) || suffixes.some((suffix) => host.endsWith(suffix));
  return {
    allowsHost: (hostname) => isKnown(canonicalHost(hostname)),
    allowsAddress(hostname, address) {
      const host = canonicalHost(hostname);
      if (!isKnown(host)) return false;
      const isNamedAddress = named.has(host) && host === canonicalHost(address);
      switch (classifier.classify(address)) {
        case "public":
        case "private":
          return true;
        case "loopback":
          return isNamedAddress || (host === "localhost" && named.has(host));
        case "link_local":
        case "unspecified":
        case "multicast":
        case "reserved":
        case "embedded":
          return isNamedAddress;
        case "metadata":
        case "invalid":
          return false;
      }
    },
  };
}

/** Lower case, without the root's dot, and an IPv6 address without brackets in its shortest form. */
export function canonicalHost(host: string): string {
  const bare = host
    .toLowerCase()
    .replace(/\.$/, "")
    .replace(/^\[(.*)\]$/, "$1");
  if (!bare.includes(":")) return bare;
  const url = `http://[${bare}]/`;
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : bare;
}
