import type { Request, Response } from "express";
import { z } from "zod";
import { logInWithPassword } from "../../engine/log-in.ts";
import { requireIdentity } from "../identity.ts";
import { addressOf, type LoginParts, requireLogin } from "../login/login-parts.ts";
import { endOwnSession, problemOf } from "../login/password-routes.ts";
import { HttpProblem } from "../problems.ts";
import { KNOWN, OPEN, Routes } from "../routes.ts";
import { parseBody } from "./json-body.ts";

const credentialsSchema = z.strictObject({ name: z.string().max(256), password: z.string().max(1_024) });

/** Who asks, and coming in and going out for a page that talks JSON. */
export function meRoutes(parts: LoginParts): Routes {
  const routes = new Routes();
  routes.get("/me", KNOWN, (request, response) => {
    const { principal, scopes, via } = requireIdentity(request);
    const { id, name, role, groups, isLocal } = principal;
    response.json({ id, name, role, groups, via: via.kind, scopes, is_local: isLocal });
  });
  routes.get("/session", OPEN, (_request, response) => {
    const login = parts.login();
    const provider = parts.oidc();
    response.json({
      login: login !== null,
      provider: provider === null ? null : { label: provider.label, url: "/login/oidc" },
    });
  });
  routes.post("/session", OPEN, (request, response) => logIn(parts, request, response));
  routes.delete("/session", KNOWN, async (request, response) => {
    await endOwnSession(parts, request);
    parts.cookies.clearSession(response);
    response.json({ logged_out: true });
  });
  return routes;
}

async function logIn(parts: LoginParts, request: Request, response: Response): Promise<void> {
  const login = requireLogin(parts);
  const { name, password } = parseBody(credentialsSchema, request);
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
