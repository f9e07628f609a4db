import type { Request, Response } from "express";
import { z } from "zod";
import { isAtLeast } from "../../access/authorize.ts";
import { TOKEN_SCOPE } from "../../access/tokens.ts";
import type { AuditDependencies } from "../../engine/audit.ts";
import { findPrincipal } from "../../engine/people.ts";
import { createToken, endToken } from "../../engine/tokens.ts";
import { isId } from "../../platform/ids.ts";
import { type ApiToken, listTokens, readToken } from "../../store/tokens.ts";
import { actorOf } from "../actor.ts";
import { principalOf, requireIdentity } from "../identity.ts";
import { type LoginParts, requireLogin } from "../login/login-parts.ts";
import { HttpProblem, notFound } from "../problems.ts";
import { ApiRoutes, KNOWN } from "../routes.ts";
import { rfc3339 } from "../times.ts";
import { invalidBody } from "./json-body.ts";
import { pageKeys, textParameter } from "./query.ts";
import { idSchema, listOf, problemSchema, type Shape, timeSchema } from "./shapes/common.ts";
import { NO_CONTROLS, principalSchema } from "./shapes/words.ts";

const SCOPES_MAX = 20;

const newTokenSchema = z.strictObject({
  name: z.string().min(1).max(100).regex(NO_CONTROLS, "has no control characters"),
  user: z.string().min(1).optional(),
  scopes: z.array(z.string().regex(TOKEN_SCOPE, "a scope is all, read or run:NAME")).min(1).max(SCOPES_MAX),
  expires_at: z.iso.datetime({ offset: true }).nullable().default(null),
});

const tokenSchema = z
  .object({
    id: idSchema,
    name: z.string(),
    user: z.string(),
    scopes: z.array(z.string()),
    created_at: timeSchema,
    created_by: principalSchema,
    expires_at: timeSchema.nullable(),
    last_used_at: timeSchema.nullable(),
    revoked_at: timeSchema.nullable(),
    revoked_by: principalSchema.nullable(),
  })
  .meta({ id: "Token" });

const shownOnceSchema = tokenSchema
  .extend({ token: z.string().meta({ description: "The secret itself; it is shown here and never again." }) })
  .meta({ id: "NewToken" });

const listQuery = z.strictObject({ ...pageKeys(), user: textParameter("Of this person; for admins.") });
const listFacts = {
  id: "listTokens",
  summary: "Tokens of whoever asks; of everybody for admins",
  query: listQuery,
  answers: { 200: listOf(tokenSchema) },
};
const createFacts = {
  id: "createToken",
  summary: "Makes a token, for oneself or, by an admin, for somebody else",
  body: newTokenSchema,
  answers: { 201: shownOnceSchema },
  problems: { 404: problemSchema },
};
const revokeFacts = { id: "revokeToken", summary: "Ends a token", answers: { 200: tokenSchema } };

type TokenParts = Pick<LoginParts, "login"> & { readonly dependencies: AuditDependencies };

/** Tokens of the person who asks; of everybody for admins. */
export function tokenRoutes(parts: TokenParts): ApiRoutes {
  const routes = new ApiRoutes("Access");
  routes.get("/tokens", KNOWN, listFacts, (request, response, { query }) =>
    sendTokens(parts, query, request, response),
  );
  routes.post("/tokens", KNOWN, createFacts, (request, response, { body }) =>
    makeToken(parts, body, request, response),
  );
  routes.delete("/tokens/:id", KNOWN, revokeFacts, (request, response) => revoke(parts, request, response));
  return routes;
}

function isAdmin(request: Request): boolean {
  const { role } = principalOf(request);
  return role !== null && isAtLeast(role, "admin");
}

async function sendTokens(
  { dependencies }: TokenParts,
  { limit, after, user }: z.output<typeof listQuery>,
  request: Request,
  response: Response,
): Promise<void> {
  const { scopes } = requireIdentity(request);
  if (scopes !== null && !scopes.some((scope) => scope === "all" || scope === "read"))
    throw new HttpProblem(403, "Not allowed", "the token's scope does not allow it; read is needed");
  const own = principalOf(request).name;
  const person = isAdmin(request) ? user : own;
  const tokens = await listTokens(dependencies.store.reader, person, limit + 1, after);
  const shown = tokens.slice(0, limit);
  response.json({
    items: shown.map(tokenShape),
    next: tokens.length > limit ? (shown.at(-1)?.id ?? null) : null,
  });
}

async function makeToken(
  parts: TokenParts,
  body: z.output<typeof newTokenSchema>,
  request: Request,
  response: Response,
): Promise<void> {
  const login = requireLogin(parts);
  refuseNarrow(request);
  const { name: own } = principalOf(request);
  const person = body.user ?? own;
  if (person !== own && !isAdmin(request))
    throw new HttpProblem(403, "Not allowed", "a token for somebody else needs the role admin");
  const { store } = parts.dependencies;
  if ((await findPrincipal(store.reader, login, person)) === null)
    throw invalidBody([{ pointer: "/user", code: "unknown", message: `nobody is called ${person} here` }]);
  const expiresAtMs = body.expires_at === null ? null : Date.parse(body.expires_at);
  if (expiresAtMs !== null && expiresAtMs <= (await store.nowMs(store.reader)))
    throw invalidBody([{ pointer: "/expires_at", code: "past", message: "lies in the past" }]);
  const facts = { person, name: body.name, scopes: body.scopes, expiresAtMs };
  const { token, secret } = await createToken(parts.dependencies, facts, actorOf(request));
  const shown: Shape<typeof shownOnceSchema> = { ...tokenShape(token), token: secret };
  response.status(201).set("cache-control", "no-store").json(shown);
}

/** A token must not make one that may more than itself. */
function refuseNarrow(request: Request): void {
  const { scopes } = requireIdentity(request);
  if (scopes === null || scopes.includes("all")) return;
  throw new HttpProblem(403, "Not allowed", "a token makes tokens only with scope all");
}

async function revoke(parts: TokenParts, request: Request, response: Response): Promise<void> {
  refuseNarrow(request);
  const id = String(request.params["id"]);
  const token = isId(id) ? await readToken(parts.dependencies.store.reader, id) : null;
  // A token of somebody else is not there for who may not see it.
  if (token === null || (token.person !== principalOf(request).name && !isAdmin(request)))
    throw notFound(`there is no token ${id.slice(0, 64)}`);
  await endToken(parts.dependencies, token, actorOf(request));
  response.json(tokenShape((await readToken(parts.dependencies.store.reader, id)) ?? token));
}

function tokenShape(token: ApiToken): Shape<typeof tokenSchema> {
  return {
    id: token.id,
    name: token.name,
    user: token.person,
    scopes: token.scopes,
    created_at: rfc3339(token.createdAtMs),
    created_by: token.createdBy,
    expires_at: rfc3339(token.expiresAtMs),
    last_used_at: rfc3339(token.usedAtMs),
    revoked_at: rfc3339(token.revokedAtMs),
    revoked_by: token.revokedBy,
  };
}
