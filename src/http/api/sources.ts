import { z } from "zod";
import { SOURCE_KINDS } from "../../alerts/alert.ts";
import type { EngineDependencies, Source } from "../../engine/dependencies.ts";
import { nameSchema } from "../../platform/schemas.ts";
import { ApiRoutes, may } from "../routes.ts";
import { pageKeys } from "./query.ts";
import { listOf, type Shape } from "./shapes/common.ts";

const sourceSchema = z
  .object({
    name: z.string(),
    kind: z.enum(SOURCE_KINDS),
    auth: z
      .enum(["none", "bearer", "basic", "hmac", "standard_webhooks"])
      .meta({ description: "How what it sends proves to be its own." }),
    api: z.boolean().meta({ description: "Whether it can be asked for the state of its alerts." }),
    url: z.url().meta({ description: "Where it posts to." }),
  })
  .meta({ id: "Source", description: "A configured sender of webhooks." });

const listFacts = {
  id: "listSources",
  summary: "Who may post alerts, by name",
  query: z.strictObject(pageKeys((text) => nameSchema.safeParse(text).success)),
  answers: { 200: listOf(sourceSchema) },
};

/** The configured senders of webhooks. */
export function sourceRoutes({
  sources,
  externalUrl,
}: Pick<EngineDependencies, "sources" | "externalUrl">): ApiRoutes {
  const routes = new ApiRoutes("Alerts");
  routes.get("/sources", may("see"), listFacts, (_request, response, { query: { limit, after } }) => {
    const rest = sources
      .all()
      .toSorted((left, right) => (left.name < right.name ? -1 : 1))
      .filter(({ name }) => after === null || name > after);
    const shown = rest.slice(0, limit);
    const next = rest.length > limit ? (shown.at(-1)?.name ?? null) : null;
    response.json({ items: shown.map((source) => sourceShape(externalUrl, source)), next });
  });
  return routes;
}

function sourceShape(externalUrl: string, { name, kind, authKind, api }: Source): Shape<typeof sourceSchema> {
  const url = `${externalUrl}/webhooks/${encodeURIComponent(name)}`;
  return { name, kind, auth: authKind, api: api !== null, url };
}
