import { z } from "zod";
import type { ObjectType } from "../../expressions/expression.ts";
import { MatcherError, parseMatchers, selectorMatches } from "../../expressions/matchers.ts";
import type { InventoryHost } from "../../hosts/host.ts";
import { HostLookupError, type Inventory } from "../../hosts/inventory.ts";
import { textSchema } from "../../platform/schemas.ts";
import { COMMON_KEYS } from "./common-keys.ts";
import {
  accepted,
  type BindContext,
  type Bound,
  type InputKind,
  known,
  refused,
  type Refusal,
  type Wrong,
} from "./kind.ts";
import { COUNT_KEYS, countProblem, countRefusal, countsSchema, ITEMS_MAX, textsOf } from "./lists.ts";

const selectorSchema = textSchema
  .optional()
  .meta({ description: 'Label matchers over the inventory, such as role = "web"' });

const hostSchema = z.strictObject({
  type: z.literal("host"),
  ...COMMON_KEYS,
  default: textSchema.optional(),
  in: selectorSchema,
});
export type HostSpec = z.output<typeof hostSchema>;

const hostsSchema = z.strictObject({
  type: z.literal("hosts"),
  ...COMMON_KEYS,
  default: z.array(textSchema).optional(),
  in: selectorSchema,
  ...COUNT_KEYS,
  min_count: z.int().min(1, "an empty list of hosts is an error; at least 1").max(ITEMS_MAX).default(1),
});
export type HostsSpec = z.output<typeof hostsSchema>;

/** A name of DNS with a port is shorter; a longer text is not worth repeating in a message. */
const NAME_CHARS_MAX = 300;

/** A host as expressions see it. */
export const HOST: ObjectType = {
  fields: { name: "string", address: "string", port: "int", user: "string", labels: "map<string, string>" },
};

export const hostKind = {
  schema: hostSchema,
  problem: selectorProblem,
  bind(spec, given, { inventory }) {
    const found = findHost(spec, given, inventory);
    return "code" in found
      ? { ok: false, refusals: [found] }
      : accepted(found.host.name, { hosts: [found.host] });
  },
  valueType: () => HOST,
  textParts: () => ["name", "address"],
  jsonSchema: () => ({ type: "string", minLength: 1 }),
  shape: (spec) => known({ in: spec.in }),
} satisfies InputKind<HostSpec>;

/** The order is the caller's, since steps may go from host to host; a host that is named twice stands where it was named first. */
export const hostsKind = {
  schema: hostsSchema,
  problem: (spec) => selectorProblem(spec) ?? countProblem(spec),
  bind: bindHosts,
  valueType: () => ({ items: HOST }),
  textParts: () => [],
  jsonSchema: (spec) => ({ ...countsSchema(spec), items: { type: "string", minLength: 1 } }),
  shape: (spec) => known({ in: spec.in, min_count: spec.min_count, max_count: spec.max_count }),
} satisfies InputKind<HostsSpec>;

function bindHosts(spec: HostsSpec, given: unknown, { inventory }: BindContext): Bound {
  const texts = textsOf(given);
  if (texts === undefined)
    return refused(
      "wrong-type",
      `a list of at most ${ITEMS_MAX} names of hosts is needed, such as ["web-1"]`,
    );
  const hosts = new Map<string, InventoryHost>();
  const refusals: Refusal[] = [];
  for (const [index, text] of texts.entries()) {
    const found = findHost(spec, text, inventory);
    if ("code" in found) refusals.push({ ...found, index });
    else hosts.set(found.host.name, found.host);
  }
  if (refusals.length > 0) return { ok: false, refusals };
  const refusal = countRefusal(spec, hosts.size, "hosts");
  return refusal ?? accepted([...hosts.keys()], { hosts: [...hosts.values()] });
}

function findHost(
  { in: selector }: Pick<HostSpec, "in">,
  given: unknown,
  inventory: Inventory,
): { readonly host: InventoryHost } | Refusal {
  if (typeof given !== "string" || given === "")
    return { code: "wrong-type", message: "the name of a host is needed" };
  if (given.length > NAME_CHARS_MAX)
    return { code: "unknown-host", message: `no host has a name of more than ${NAME_CHARS_MAX} characters` };
  try {
    const host = inventory.resolve(given);
    if (selector === undefined || selectorMatches(parseMatchers(selector), host.labels)) return { host };
    const message = `host ${host.name} does not fit ${selector}; name one that does`;
    return { code: "host-not-allowed", message };
  } catch (error) {
    if (!(error instanceof HostLookupError) || error.code === "no-host-selected") throw error;
    return { code: error.code, message: error.message };
  }
}

function selectorProblem({ in: selector }: Pick<HostSpec, "in">): Wrong | undefined {
  try {
    if (selector !== undefined && parseMatchers(selector).length === 0)
      return { key: "in", message: "an empty selector would mean every host; leave the key out instead" };
  } catch (error) {
    if (!(error instanceof MatcherError)) throw error;
    return { key: "in", message: error.message, offset: error.offset };
  }
  return undefined;
}
