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
import { KNOWN, Routes } from "../routes.ts";
import { rfc3339 } from "../times.ts";
import { invalidBody, parseBody } from "./json-body.ts";
import { readPage } from "./paging.ts";

const SCOPES_MAX = 20;

const newTokenSchema = z.strictObject({
  name: z.string().min(1).max(100),
  user: z.string().min(1).optional(),
  scopes: z.array(z.string().regex(TOKEN_SCOPE, "a scope is all, read or run:NAME")).min(1).max(SCOPES_MAX),
  expires_at: z.iso.datetime({ offset: true }).nullable().default(null),
});

type TokenParts = Pick<LoginParts, "login"> & { readonly dependencies: AuditDependencies };

/** Tokens of the person who asks; of everybody for admins. */
export function tokenRoutes(parts: TokenParts): Routes {
  const routes = new Routes();
  routes.get("/tokens", KNOWN, (request, response) => sendTokens(parts, request, response));
  routes.post("/tokens", KNOWN, (request, response) => makeToken(parts, request, response));
  routes.delete("/tokens/:id", KNOWN, (request, response) => revoke(parts, request, response));
  return routes;
}

function isAdmin(request: Request): boolean {
  const { role } = principalOf(request);
  return role !== null && isAtLeast(role, "admin");
}

async function sendTokens({ dependencies }: TokenParts, request: Request, response: Response): Promise<void> {
  const { limit, after } = readPage(request);
  const { user } = request.query;
  const own = principalOf(request).name;
  const person = isAdmin(request) ? (typeof user === "string" ? user : null) : own;
  const tokens = await listTokens(dependencies.store.reader, person, limit + 1, after);
  const shown = tokens.slice(0, limit);
  response.json({
    items: shown.map(tokenShape),
    next: tokens.length > limit ? (shown.at(-1)?.id ?? null) : null,
  });
}

async function makeToken(parts: TokenParts, request: Request, response: Response): Promise<void> {
  const login = requireLogin(parts);
  refuseNarrow(request);
  const body = parseBody(newTokenSchema, request);
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
  response
    .status(201)
    .set("cache-control", "no-store")
    .json({ ...tokenShape(token), token: secret });
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

function tokenShape(token: ApiToken): Record<string, unknown> {
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
