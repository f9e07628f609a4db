import type { Request, Response } from "express";
import { z } from "zod";
import { permissionsOf } from "../../access/authorize.ts";
import { logInWithPassword } from "../../engine/log-in.ts";
import { requireIdentity } from "../identity.ts";
import { addressOf, type LoginParts, requireLogin } from "../login/login-parts.ts";
import { endOwnSession, problemOf } from "../login/password-routes.ts";
import { HttpProblem } from "../problems.ts";
import { ApiRoutes, KNOWN, OPEN } from "../routes.ts";
import { problemSchema, type Shape, timeSchema } from "./shapes/common.ts";
import { permissionSchema, principalSchema, roleSchema } from "./shapes/words.ts";

const credentialsSchema = z.strictObject({ name: z.string().max(256), password: z.string().max(1_024) });

const meSchema = z
  .object({
    id: principalSchema,
    name: z.string(),
    role: roleSchema.nullable(),
    groups: z.array(z.string()),
    via: z.enum(["local", "proxy", "session", "token"]),
    scopes: z.array(z.string()).nullable(),
    is_local: z.boolean(),
    permissions: z.array(permissionSchema).meta({
      description: "What whoever asks may do, whatever it is about. The `access` of runbooks may give more.",
    }),
  })
  .meta({ id: "Me" });

const waysInSchema = z.object({
  login: z.boolean(),
  provider: z.object({ label: z.string(), url: z.string() }).nullable(),
});

const meFacts = {
  id: "getMe",
  summary: "Who asks, what they are, and what they may do",
  answers: { 200: meSchema },
};
const waysInFacts = {
  id: "getWaysIn",
  summary: "Whether there is a login, and by which provider",
  answers: { 200: waysInSchema },
};
const logInFacts = {
  id: "logIn",
  summary: "Logs in with a password; the answer sets the cookie of a session",
  body: credentialsSchema,
  answers: { 200: z.object({ expires_at: timeSchema }) },
  problems: { 401: problemSchema, 404: problemSchema, 429: problemSchema },
};
const logOutFacts = {
  id: "logOut",
  summary: "Ends the session",
  answers: { 200: z.object({ logged_out: z.boolean() }) },
};

/** Who asks, and coming in and going out for a page that talks JSON. */
export function meRoutes(parts: LoginParts): ApiRoutes {
  const routes = new ApiRoutes("Access");
  routes.get("/me", KNOWN, meFacts, (request, response) => {
    const identity = requireIdentity(request);
    const { principal, scopes, via } = identity;
    const { id, name, role, groups, isLocal } = principal;
    const permissions = permissionsOf(identity, { kind: "everything" });
    const me: Shape<typeof meSchema> = {
      id,
      name,
      role,
      groups,
      via: via.kind,
      scopes,
      is_local: isLocal,
      permissions,
    };
    response.json(me);
  });
  routes.get("/session", OPEN, waysInFacts, (_request, response) => {
    const login = parts.login();
    const provider = parts.oidc();
    const waysIn: Shape<typeof waysInSchema> = {
      login: login !== null,
      provider: provider === null ? null : { label: provider.label, url: "/login/oidc" },
    };
    response.json(waysIn);
  });
  routes.post("/session", OPEN, logInFacts, (request, response, { body }) =>
    logIn(parts, body, request, response),
  );
  routes.delete("/session", KNOWN, logOutFacts, async (request, response) => {
    await endOwnSession(parts, request);
    parts.cookies.clearSession(response);
    response.json({ logged_out: true });
  });
  return routes;
}

async function logIn(
  parts: LoginParts,
  { name, password }: z.output<typeof credentialsSchema>,
  request: Request,
  response: Response,
): Promise<void> {
  const login = requireLogin(parts);
  const address = addressOf(request);
  const result = await logInWithPassword(parts.dependencies, login, { name, password, address });
  if (result.kind === "logged_in") {
    await endOwnSession(parts, request);
    parts.cookies.setSession(response, result.session.secret, login.session.absolute);
    return void response.json({ expires_at: new Date(result.session.expiresAtMs).toISOString() });
  }
  if (result.kind === "wrong") throw new HttpProblem(401, "Not logged in", problemOf(result));
  const headers = { "retry-after": String(Math.ceil(result.waitMs / 1_000)) };
  throw new HttpProblem(429, "Too many tries", problemOf(result), { headers });
}
