import type { LoginSettings } from "../access/login-schema.ts";
import type { Principal } from "../access/principal.ts";
import { API_TOKEN, hashOfSecret, newToken } from "../access/tokens.ts";
import { newId } from "../platform/ids.ts";
import type { Actor } from "../audit/entry.ts";
import type { Store } from "../store/store.ts";
import {
  type ApiToken,
  insertToken,
  noteTokenUsed,
  readTokenBySecret,
  revokeToken,
} from "../store/tokens.ts";
import { addAudit, type AuditDependencies } from "./audit.ts";
import { findPrincipal } from "./people.ts";

export interface TokenRequest {
  readonly person: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly expiresAtMs: number | null;
}

/** A new token. `secret` is what programs show: it can be had now, and never again. */
export async function createToken(
  dependencies: AuditDependencies,
  request: TokenRequest,
  by: Actor,
): Promise<{ readonly token: ApiToken; readonly secret: string }> {
  const { store } = dependencies;
  const secret = newToken();
  const base = {
    id: newId(),
    secretHash: hashOfSecret(secret),
    name: request.name,
    person: request.person,
    scopes: request.scopes,
    createdBy: by.principal,
    expiresAtMs: request.expiresAtMs,
    usedAtMs: null,
    revokedAtMs: null,
    revokedBy: null,
  };
  const token = await store.transaction(async (tx) => {
    const atMs = await store.nowMs(tx);
    const made: ApiToken = { ...base, createdAtMs: atMs };
    await insertToken(tx, made);
    const { person, name, scopes, expiresAtMs } = request;
    const detail = {
      person,
      name,
      scopes,
      expires_at: expiresAtMs === null ? null : new Date(expiresAtMs).toISOString(),
    };
    await addAudit(tx, dependencies, { atMs, by, action: "token.create", subject: subjectOf(made), detail });
    return made;
  });
  return { token, secret };
}

/** Makes a token useless. False when it was revoked before. */
export async function endToken(
  dependencies: AuditDependencies,
  token: ApiToken,
  by: Actor,
): Promise<boolean> {
  const { store } = dependencies;
  return store.transaction(async (tx) => {
    const atMs = await store.nowMs(tx);
    if (!(await revokeToken(tx, token.id, by.principal, atMs))) return false;
    const detail = { person: token.person, name: token.name };
    await addAudit(tx, dependencies, { atMs, by, action: "token.revoke", subject: subjectOf(token), detail });
    return true;
  });
}

function subjectOf({ id }: ApiToken) {
  return { kind: "token", id } as const;
}

/** The last use is noted at most this often. */
const USED_EVERY_MS = 60_000;

export type TokenCheck =
  | { readonly kind: "valid"; readonly token: ApiToken; readonly principal: Principal }
  | { readonly kind: "invalid"; readonly because: string };

/** Who shows this token, with the groups and roles of now. */
export async function checkToken(store: Store, login: LoginSettings, secret: string): Promise<TokenCheck> {
  const token = API_TOKEN.test(secret) ? await readTokenBySecret(store.reader, hashOfSecret(secret)) : null;
  if (token === null) return { kind: "invalid", because: "the token is not known here" };
  const nowMs = await store.nowMs(store.reader);
  if (token.revokedAtMs !== null) return { kind: "invalid", because: "the token was revoked" };
  if (token.expiresAtMs !== null && nowMs >= token.expiresAtMs)
    return {
      kind: "invalid",
      because: "the token has expired; make a new one with: nightshift token create",
    };
  const principal = await findPrincipal(store.reader, login, token.person);
  if (principal === null)
    return { kind: "invalid", because: `the token is of ${token.person}, whom nobody knows here any more` };
  if (token.usedAtMs === null || nowMs >= token.usedAtMs + USED_EVERY_MS)
    await store.transaction((tx) => noteTokenUsed(tx, token.id, nowMs));
  return { kind: "valid", token, principal };
}
