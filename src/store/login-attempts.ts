import type { Reader, Tx } from "./store.ts";

/** `oidc`: somebody is at the provider. `setup`: the link for the first person. */
export type LoginAttemptKind = "oidc" | "setup";

export interface LoginAttempt {
  readonly secretHash: string;
  readonly kind: LoginAttemptKind;
  readonly data: Readonly<Record<string, string>>;
  readonly expiresAtMs: number;
}

/** Those that are over go, so that what nobody came back for does not add up. */
export async function insertLoginAttempt(tx: Tx, attempt: LoginAttempt, atMs: number): Promise<void> {
  await tx.deleteFrom("login_attempt").where("expires_at", "<=", atMs).execute();
  await tx
    .insertInto("login_attempt")
    .values({
      secret_hash: attempt.secretHash,
      kind: attempt.kind,
      data: JSON.stringify(attempt.data),
      expires_at: attempt.expiresAtMs,
    })
    .execute();
}

/** Whether it could be taken. */
export async function hasLoginAttempt(
  db: Reader,
  kind: LoginAttemptKind,
  secretHash: string,
  atMs: number,
): Promise<boolean> {
  const row = await db
    .selectFrom("login_attempt")
    .select("expires_at")
    .where("secret_hash", "=", secretHash)
    .where("kind", "=", kind)
    .executeTakeFirst();
  return row !== undefined && row.expires_at > atMs;
}

/** Takes it away: it is used once. Null when there is none, or not any more. */
export async function takeLoginAttempt(
  tx: Tx,
  kind: LoginAttemptKind,
  secretHash: string,
  atMs: number,
): Promise<Readonly<Record<string, string>> | null> {
  const row = await tx
    .deleteFrom("login_attempt")
    .where("secret_hash", "=", secretHash)
    .where("kind", "=", kind)
    .returning(["data", "expires_at"])
    .executeTakeFirst();
  return row === undefined || row.expires_at <= atMs
    ? null
    : (JSON.parse(row.data) as Record<string, string>);
}

/** Makes earlier ones of this kind useless. */
export async function deleteLoginAttempts(tx: Tx, kind: LoginAttemptKind): Promise<void> {
  await tx.deleteFrom("login_attempt").where("kind", "=", kind).execute();
}
