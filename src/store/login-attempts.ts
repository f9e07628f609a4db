import type { Tx } from "./store.ts";

/** `oidc`: somebody is at the provider. `setup`: the link for the first person. */
export type LoginAttemptKind = "oidc" | "setup";

export interface LoginAttempt {
  readonly secretHash: string;
  readonly kind: LoginAttemptKind;
  readonly data: Readonly<Record<string, string>>;
  readonly expiresAtMs: number;
}

export async function insertLoginAttempt(tx: Tx, attempt: LoginAttempt): Promise<void> {
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
