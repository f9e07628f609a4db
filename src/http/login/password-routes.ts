import type { Request, Response } from "express";
import { type LogInResult, logInWithPassword } from "../../engine/log-in.ts";
import { addAudit } from "../../engine/audit.ts";
import { deleteSession } from "../../store/sessions.ts";
import { actorOf } from "../actor.ts";
import { identityOf } from "../identity.ts";
import { OPEN, Routes } from "../routes.ts";
import { textField } from "./form.ts";
import { addressOf, type LoginParts, requireLogin } from "./login-parts.ts";
import { sendLoggedOut, sendLoginPage } from "./pages.ts";
import { returnPath } from "./return-path.ts";

/** The pages of logging in and out. */
export function passwordRoutes(parts: LoginParts): Routes {
  const routes = new Routes();
  routes.get("/login", OPEN, (request, response) => {
    requireLogin(parts);
    const returnTo = returnPath(request.query["return_to"]);
    if (identityOf(request) !== null) return response.redirect(303, returnTo);
    const providerLabel = parts.oidc()?.label ?? null;
    sendLoginPage(response, 200, { returnTo, providerLabel, problem: null, name: "" });
  });
  routes.post("/login", OPEN, (request, response) => logIn(parts, request, response));
  routes.post("/logout", OPEN, (request, response) => logOut(parts, request, response));
  routes.get("/logged-out", OPEN, async (_request, response) => {
    // A provider that is away must not keep anybody from leaving.
    const providerUrl = await parts
      .oidc()
      ?.logoutUrl(`${parts.externalUrl}/login`)
      .catch(() => null);
    sendLoggedOut(response, providerUrl ?? null);
  });
  return routes;
}

async function logIn(parts: LoginParts, request: Request, response: Response): Promise<void> {
  const login = requireLogin(parts);
  const name = textField(request, "name");
  const password = textField(request, "password");
  const result = await logInWithPassword(parts.dependencies, login, {
    name,
    password,
    address: addressOf(request),
  });
  const returnTo = returnPath(textField(request, "return_to"));
  if (result.kind === "logged_in") {
    // A session that the browser brought along is not gone on with, whoever put it there.
    await endOwnSession(parts, request);
    parts.cookies.setSession(response, result.session.secret, login.session.absolute);
    return response.redirect(303, returnTo);
  }
  const page = { returnTo, providerLabel: parts.oidc()?.label ?? null, problem: problemOf(result), name };
  if (result.kind === "wait") response.set("retry-after", String(Math.ceil(result.waitMs / 1_000)));
  sendLoginPage(response, result.kind === "wait" ? 429 : 401, page);
}

/** What a person reads; it does not say whether the name is known. */
export function problemOf(result: Exclude<LogInResult, { kind: "logged_in" }>): string {
  if (result.kind === "wrong") return "The name or the password is wrong.";
  const seconds = Math.ceil(result.waitMs / 1_000);
  const time = seconds > 90 ? `${Math.ceil(seconds / 60)} minutes` : `${seconds} seconds`;
  return `Too many tries. Try again in ${time}.`;
}

async function logOut(parts: LoginParts, request: Request, response: Response): Promise<void> {
  requireLogin(parts);
  await endOwnSession(parts, request);
  parts.cookies.clearSession(response);
  response.redirect(303, "/logged-out");
}

/** Ends the session that the request shows, here; the browser is told by another cookie, or by none. May be repeated. */
export async function endOwnSession({ dependencies }: LoginParts, request: Request): Promise<void> {
  const identity = identityOf(request);
  if (identity?.via.kind !== "session") return;
  const { id } = identity.via;
  const { store } = dependencies;
  await store.transaction(async (tx) => {
    if (!(await deleteSession(tx, id))) return;
    const subject = { kind: "user", id: identity.principal.name } as const;
    const atMs = await store.nowMs(tx);
    await addAudit(tx, dependencies, { atMs, by: actorOf(request), action: "logout", subject, detail: {} });
  });
}
