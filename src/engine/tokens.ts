import type { LoginSettings } from "../access/login-schema.ts";
import type { Principal } from "../access/principal.ts";
import { API_TOKEN, hashOfSecret, newToken } from "../access/tokens.ts";
import { newId } from "../platform/ids.ts";
import type { Store, Tx } from "../store/store.ts";
import { type ApiToken, insertToken, noteTokenUsed, readTokenBySecret } from "../store/tokens.ts";
import { findPrincipal } from "./people.ts";

export interface TokenRequest {
  readonly person: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly expiresAtMs: number | null;
  /** Who asks for it. */
  readonly by: string;
}

/** A new token. `secret` is what programs show: it can be had now, and never again. */
export async function createToken(
  tx: Tx,
  request: TokenRequest,
  atMs: number,
): Promise<{ readonly token: ApiToken; readonly secret: string }> {
  const secret = newToken();
  const token: ApiToken = {
    id: newId(),
    secretHash: hashOfSecret(secret),
    name: request.name,
    person: request.person,
    scopes: request.scopes,
    createdAtMs: atMs,
    createdBy: request.by,
    expiresAtMs: request.expiresAtMs,
    usedAtMs: null,
    revokedAtMs: null,
    revokedBy: null,
  };
  await insertToken(tx, token);
  return { token, secret };
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
