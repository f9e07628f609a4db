import type { Request } from "express";
import { isUtf8 } from "node:buffer";
import { addressRanges } from "../../access/address-ranges.ts";
import type { LoginSettings } from "../../access/login-schema.ts";
import { principalFor } from "../../access/people.ts";
import { PRINCIPAL_NAME } from "../../access/principal.ts";
import type { AuditDependencies } from "../../engine/audit.ts";
import { admitPerson, findPerson, PROXY_ACCOUNT } from "../../engine/people.ts";
import { principalOfSession } from "../../engine/sessions.ts";
import { checkToken } from "../../engine/tokens.ts";
import type { Store } from "../../store/store.ts";
import { isOwnOrigin, SAFE_METHODS } from "../cross-site.ts";
import { LOCAL_IDENTITY, type RequestIdentity, type WhoSends } from "../identity.ts";
import { HttpProblem } from "../problems.ts";
import type { LoginCookies } from "./cookies.ts";
import { addressOf } from "./login-parts.ts";

export interface WhoSendsParts {
  readonly dependencies: AuditDependencies;
  /** Null where there is no login. */
  readonly login: () => LoginSettings | null;
  readonly cookies: LoginCookies;
  readonly externalUrl: string;
}

/**
 * Who sends a request: by a token, by the cookie of a session, or by what a trusted proxy says, in this order. Null when it says nothing.
 * Throws 401 for a token that is none, and 403 for a change that a browser asks for without saying from which page.
 */
export function createWhoSends({ dependencies, login, cookies, externalUrl }: WhoSendsParts): WhoSends {
  const { store } = dependencies;
  return async (request, isUse) => {
    const settings = login();
    if (settings === null) return LOCAL_IDENTITY;
    const authorization = request.get("authorization");
    if (authorization !== undefined) return identityOfToken(store, settings, authorization);
    const secret = cookies.session(request);
    const session = secret === null ? null : await principalOfSession(store, settings, secret, isUse);
    if (session !== null) {
      requireOwnOrigin(request, externalUrl);
      return { principal: session.principal, scopes: null, via: { kind: "session", id: session.id } };
    }
    return identityOfProxy(dependencies, settings, request);
  };
}

async function identityOfToken(
  store: Store,
  login: LoginSettings,
  authorization: string,
): Promise<RequestIdentity> {
  const secret = /^bearer +(\S+) *$/i.exec(authorization)?.[1];
  const checked =
    secret === undefined
      ? { kind: "invalid" as const, because: "write it as: Authorization: Bearer TOKEN" }
      : await checkToken(store, login, secret);
  if (checked.kind === "valid") {
    const { token, principal } = checked;
    return { principal, scopes: token.scopes, via: { kind: "token", id: token.id } };
  }
  throw new HttpProblem(401, "Token not accepted", checked.because, {
    headers: { "www-authenticate": 'Bearer realm="nightshift", error="invalid_token"' },
  });
}

/** A cookie goes with whatever a browser sends: what changes something has to come from a page of ours, and say so. */
function requireOwnOrigin(request: Request, externalUrl: string): void {
  if (SAFE_METHODS.has(request.method) || isOwnOrigin(request, externalUrl)) return;
  throw new HttpProblem(
    403,
    "Cross-site request",
    "a session acts from Nightshift's own pages only, with an Origin header; programs use a token",
  );
}

async function identityOfProxy(
  dependencies: AuditDependencies,
  login: LoginSettings,
  request: Request,
): Promise<RequestIdentity | null> {
  const { proxy } = login;
  if (proxy === undefined) return null;
  const name = headerText(request, proxy.user_header).trim();
  if (name === "" || !addressRanges(proxy.from)(request.socket.remoteAddress ?? "")) return null;
  if (!PRINCIPAL_NAME.test(name))
    throw new HttpProblem(401, "Not logged in", `the proxy's ${proxy.user_header} is no name of a person`);
  const groups = headerText(request, proxy.groups_header)
    .split(",")
    .map((group) => group.trim())
    .filter((group) => group !== "");
  const person = await personOfProxy(dependencies, login, { name, groups, address: addressOf(request) });
  const principal = principalFor({ name, groups, ownRole: person.ownRole }, login.roles);
  return { principal, scopes: null, via: { kind: "proxy" } };
}

/** Node.js reads headers as Latin-1; proxies send names in UTF-8. What is none is left as it is. */
function headerText(request: Request, name: string): string {
  const text = request.get(name) ?? "";
  const bytes = Buffer.from(text, "latin1");
  return isUtf8(bytes) ? bytes.toString("utf8") : text;
}

/** Written down at the first request, and when their groups have changed: tokens of theirs follow it. */
async function personOfProxy(
  dependencies: AuditDependencies,
  login: LoginSettings,
  {
    name,
    groups,
    address,
  }: { readonly name: string; readonly groups: readonly string[]; readonly address: string },
) {
  const { store } = dependencies;
  const known = await findPerson(store.reader, login, name);
  const isConfigured = login.users.some((user) => user.name === name);
  if (known !== null && (isConfigured || JSON.stringify(known.groups) === JSON.stringify(groups)))
    return known;
  const admission = await store.transaction(async (tx) =>
    admitPerson(
      tx,
      dependencies,
      login,
      { name, groups, account: PROXY_ACCOUNT },
      { atMs: await store.nowMs(tx), address },
    ),
  );
  if (admission.kind === "admitted") return admission.person;
  throw new HttpProblem(403, "Name is taken", admission.because);
}
