import type { LoginSettings } from "../access/login-schema.ts";
import { hashOfSecret, newSecret } from "../access/tokens.ts";
import { deleteLoginAttempts, insertLoginAttempt } from "../store/login-attempts.ts";
import { hasPeopleWithPassword } from "../store/people.ts";
import type { Store } from "../store/store.ts";

const VALID_MS = 24 * 3_600_000;

/**
 * The path of a page on which the first admin is made; null when somebody can log in already. Each call makes earlier paths useless. Valid
 * for 24 hours, and once.
 */
export async function makeSetupPath(store: Store, login: LoginSettings): Promise<string | null> {
  const isConfigured = login.users.length > 0 || login.oidc !== undefined || login.proxy !== undefined;
  if (isConfigured) return null;
  const secret = newSecret();
  const isNeeded = await store.transaction(async (tx) => {
    if (await hasPeopleWithPassword(tx)) return false;
    await deleteLoginAttempts(tx, "setup");
    const atMs = await store.nowMs(tx);
    const expiresAtMs = atMs + VALID_MS;
    const attempt = { secretHash: hashOfSecret(secret), kind: "setup", data: {}, expiresAtMs } as const;
    await insertLoginAttempt(tx, attempt, atMs);
    return true;
  });
  return isNeeded ? `/setup/${secret}` : null;
}
