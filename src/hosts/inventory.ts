import { formatMatcher, type Matcher, selectorMatches } from "../expressions/matchers.ts";
import { closestWord } from "../platform/problems.ts";
import { type InventoryHost, LOCAL_HOST, NO_ACCESS } from "./host.ts";

/** A name that leads to no host, or to more than one. */
export class HostLookupError extends Error {
  override readonly name = "HostLookupError";
  readonly code: "unknown-host" | "ambiguous-host" | "no-host-selected";

  constructor(code: HostLookupError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

const UNDECLARED_LOCAL: InventoryHost = {
  name: LOCAL_HOST,
  address: "",
  port: 0,
  user: "",
  labels: {},
  aliases: [],
  access: NO_ACCESS,
  become: [],
  readable: [],
  writable: [],
  isAutomated: true,
  isExclusive: false,
};

/** The machines that steps may run on. `local` is always one of them; nothing of it is readable unless an entry says so. */
export class Inventory {
  readonly hosts: readonly InventoryHost[];
  readonly #byName: ReadonlyMap<string, readonly InventoryHost[]>;
  readonly #byAlias: ReadonlyMap<string, readonly InventoryHost[]>;
  readonly #byAddress: ReadonlyMap<string, readonly InventoryHost[]>;

  constructor(declared: readonly InventoryHost[]) {
    const hasLocal = declared.some((host) => host.name === LOCAL_HOST);
    this.hosts = hasLocal ? [...declared] : [...declared, UNDECLARED_LOCAL];
    this.#byName = groupBy(this.hosts, (host) => [host.name]);
    this.#byAlias = groupBy(this.hosts, (host) => host.aliases);
    this.#byAddress = groupBy(this.hosts, (host) => (host.address === "" ? [] : [host.address]));
  }

  /** The machine Nightshift runs on. */
  get local(): InventoryHost {
    return this.resolve(LOCAL_HOST);
  }

  /** The host with exactly this name; undefined when it is not, or no longer, in the inventory. */
  named(name: string): InventoryHost | undefined {
    return this.#byName.get(name)?.[0];
  }

  /**
   * The host with this name, else alias, else address; each also with a port taken off, so that an alert's `instance`
   * finds its host. Throws {@link HostLookupError} when there is none, or when two are meant.
   */
  resolve(text: string): InventoryHost {
    const spellings = [text, ...withoutPort(text)];
    for (const index of [this.#byName, this.#byAlias, this.#byAddress]) {
      for (const spelling of spellings) {
        const found = index.get(spelling) ?? [];
        if (found.length > 1) {
          const names = found.map((host) => host.name).join(", ");
          throw new HostLookupError(
            "ambiguous-host",
            `"${text}" means more than one host of the inventory: ${names}`,
          );
        }
        if (found[0] !== undefined) return found[0];
      }
    }
    throw new HostLookupError("unknown-host", `"${text}" is not in the inventory${this.#advice(text)}`);
  }

  /** The hosts whose labels fit all matchers. Throws {@link HostLookupError} when none does: empty never means all. */
  select(matchers: readonly Matcher[]): readonly InventoryHost[] {
    const found = this.hosts.filter((host) => selectorMatches(matchers, host.labels));
    if (matchers.length > 0 && found.length > 0) return found;
    const selector = matchers.map(formatMatcher).join(", ");
    throw new HostLookupError("no-host-selected", `{${selector}} selects no host of the inventory`);
  }

  #advice(text: string): string {
    const meant = closestWord(text, [...this.#byName.keys(), ...this.#byAlias.keys()]);
    return meant === undefined ? "" : `; did you mean "${meant}"?`;
  }
}

function groupBy(
  hosts: readonly InventoryHost[],
  keysOf: (host: InventoryHost) => readonly string[],
): Map<string, InventoryHost[]> {
  const groups = new Map<string, InventoryHost[]>();
  for (const host of hosts) {
    for (const key of new Set(keysOf(host))) groups.set(key, [...(groups.get(key) ?? []), host]);
  }
  return groups;
}

/** `web-1:9100` without its port, and `[::1]:9100` or `[::1]` without port and brackets. */
function withoutPort(text: string): string[] {
  const bracketed = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(text)?.[1];
  if (bracketed !== undefined) return [bracketed];
  const bare = /^([^:]+):\d{1,5}$/.exec(text)?.[1];
  return bare === undefined ? [] : [bare];
}
