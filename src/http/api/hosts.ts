import type { Request, Response } from "express";
import { z } from "zod";
import { holdHost, releaseHost } from "../../engine/controls.ts";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { selectorMatches } from "../../expressions/matchers.ts";
import type { InventoryHost } from "../../hosts/host.ts";
import { HostLookupError } from "../../hosts/inventory.ts";
import { createTurns } from "../../platform/turns.ts";
import type { HostHold } from "../../runs/guard-records.ts";
import { listActiveHolds } from "../../store/host-holds.ts";
import { actorOf } from "../actor.ts";
import { notFound } from "../problems.ts";
import { rfc3339 } from "../times.ts";
import { endOf, holdSchema } from "./control-schemas.ts";
import { ApiRoutes, may } from "../routes.ts";
import { matchersParameter, pageKeys, textParameter } from "./query.ts";
import { listOf, type Shape, textsSchema, timeSchema } from "./shapes/common.ts";
import { principalSchema } from "./shapes/words.ts";

/** As the inventory allows it; asked before a name of the path reaches the database. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/;

const hostSchema = z
  .object({
    name: z.string(),
    address: z.string().nullable(),
    labels: textsSchema,
    automation: z
      .enum(["on", "off"])
      .nullable()
      .meta({ description: "Null for one that has left the inventory." }),
    hold: z
      .object({ reason: z.string(), principal: principalSchema, since: timeSchema, until: timeSchema })
      .nullable(),
  })
  .meta({ id: "Host" });

const hostsQuery = z.strictObject({
  ...pageKeys((text) => NAME.test(text)),
  q: textParameter(
    "Only hosts that have each of these words in their name, their address or a `label=value`.",
  ),
  filter: matchersParameter("hosts", 'role="web",env=~"dev|test"'),
});
const listFacts = {
  id: "listHosts",
  summary: "The inventory, by name",
  query: hostsQuery,
  answers: { 200: listOf(hostSchema) },
};
const holdFacts = {
  id: "holdHost",
  summary: "Keeps automation away from a host for a time",
  body: holdSchema,
  answers: { 200: hostSchema },
};
const releaseFacts = { id: "releaseHost", summary: "Ends the hold on a host", answers: { 200: hostSchema } };

/** The inventory, and holds on its hosts. */
export function hostRoutes(dependencies: EngineDependencies): ApiRoutes {
  const routes = new ApiRoutes("Controls");
  routes.get("/hosts", may("see"), listFacts, (_request, response, { query }) =>
    sendHosts(dependencies, query, response),
  );
  routes.post("/hosts/:name/hold", may("operate"), holdFacts, (request, response, { body }) =>
    createHold(dependencies, body, request, response),
  );
  routes.delete("/hosts/:name/hold", may("operate"), releaseFacts, (request, response) =>
    endHold(dependencies, request, response),
  );
  return routes;
}

/** By name; the cursor is a name, too. Those that do not fit are left out before anything is sorted: forms ask while somebody types. */
async function sendHosts(
  { store, catalog }: EngineDependencies,
  { limit, ...wanted }: z.output<typeof hostsQuery>,
  response: Response,
): Promise<void> {
  const holds = await listActiveHolds(store.reader, await store.nowMs(store.reader));
  const holdOf = new Map(holds.map((hold) => [hold.host, hold]));
  const found = await findHosts(catalog.current().inventory.hosts, wanted);
  const hosts = found.sort((left, right) => (left.name < right.name ? -1 : 1));
  const shown = hosts.slice(0, limit);
  response.json({
    items: shown.map((host) => hostShape(host, holdOf.get(host.name) ?? null)),
    next: hosts.length > limit ? (shown.at(-1)?.name ?? null) : null,
  });
}

async function findHosts(
  hosts: readonly InventoryHost[],
  { after, q, filter }: Omit<z.output<typeof hostsQuery>, "limit">,
): Promise<InventoryHost[]> {
  const words = (q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const turn = createTurns();
  const found: InventoryHost[] = [];
  for (const host of hosts) {
    await turn();
    if (after !== null && host.name <= after) continue;
    if (hasWords(host, words) && selectorMatches(filter, host.labels)) found.push(host);
  }
  return found;
}

function hasWords(host: InventoryHost, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const texts = [host.name, host.address, ...Object.entries(host.labels).map((label) => label.join("="))];
  const text = texts.join("\n").toLowerCase();
  return words.every((word) => text.includes(word));
}

async function createHold(
  dependencies: EngineDependencies,
  body: z.output<typeof holdSchema>,
  request: Request,
  response: Response,
): Promise<void> {
  const { store } = dependencies;
  const host = findHost(dependencies, request);
  const untilMs = endOf(body, await store.nowMs(store.reader));
  const { hold } = await holdHost(dependencies, {
    host: host.name,
    reason: body.reason,
    by: actorOf(request),
    untilMs,
  });
  response.json(hostShape(host, hold));
}

/** A host that has left the inventory since can still be released. */
async function endHold(
  dependencies: EngineDependencies,
  request: Request,
  response: Response,
): Promise<void> {
  const text = String(request.params["name"]);
  const known = lookUp(dependencies, text);
  const name = known instanceof HostLookupError ? text : known.name;
  const released = NAME.test(name) ? await releaseHost(dependencies, name, actorOf(request)) : null;
  if (released?.kind === "released")
    return void response.json(known instanceof HostLookupError ? goneShape(name) : hostShape(known, null));
  throw notFound(known instanceof HostLookupError ? known.message : `host ${name} is not on hold`);
}

function findHost(dependencies: EngineDependencies, request: Request): InventoryHost {
  const host = lookUp(dependencies, String(request.params["name"]));
  if (host instanceof HostLookupError) throw notFound(host.message);
  return host;
}

function lookUp({ catalog }: EngineDependencies, text: string): InventoryHost | HostLookupError {
  try {
    return catalog.current().inventory.resolve(text.slice(0, NAME_CHARS_MAX));
  } catch (error) {
    if (error instanceof HostLookupError) return error;
    throw error;
  }
}

/** Longer than any name of a host, and short enough for a message. */
const NAME_CHARS_MAX = 300;

function goneShape(name: string): Shape<typeof hostSchema> {
  return { name, address: null, labels: {}, automation: null, hold: null };
}

function hostShape(host: InventoryHost, hold: HostHold | null): Shape<typeof hostSchema> {
  return {
    name: host.name,
    address: host.address === "" ? null : host.address,
    labels: host.labels,
    automation: host.isAutomated ? "on" : "off",
    hold:
      hold === null
        ? null
        : {
            reason: hold.reason,
            principal: hold.principal,
            since: rfc3339(hold.createdAtMs),
            until: rfc3339(hold.untilMs),
          },
  };
}
