import { createHash, createHmac, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const KEY_BYTES_MIN = 32;
const ID_CHARS = 16;

/** One secret that signs. Its id says which one it is, and nothing of its bytes. */
export interface AuditKey {
  readonly id: string;
  readonly key: KeyObject;
}

/** What signs now, and what signed before. */
export interface AuditKeys {
  readonly current: AuditKey;
  readonly byId: ReadonlyMap<string, AuditKey>;
}

/** Where the key of a data folder lies. */
export function auditKeyFile(folder: string): string {
  return join(folder, "keys", "audit");
}

/**
 * The key of a data folder: made at the first start, in a file that only the service can read. Whoever has it can forge the log; without it
 * nothing that was written can be verified. Throws when the file holds no key.
 */
export function readAuditKeys(folder: string): AuditKeys {
  const file = auditKeyFile(folder);
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const text = `${randomBytes(KEY_BYTES_MIN).toString("base64")}\n`;
    writeFileSync(file, text, { mode: 0o600, flag: "wx", flush: true });
  }
  return createAuditKeys([readKey(file)]);
}

/** Reads the secret of a key's file: at least 32 bytes as base64. */
export function readKey(file: string): Buffer {
  const secret = Buffer.from(readFileSync(file, "utf8").trim(), "base64");
  if (secret.length >= KEY_BYTES_MIN) return secret;
  throw new Error(
    `${file} holds no key of ${KEY_BYTES_MIN} bytes in base64; restore it from where it is kept, or make one with: openssl rand -base64 ${KEY_BYTES_MIN}`,
  );
}

/** The first secret signs; all of them verify. */
export function createAuditKeys(secrets: readonly Uint8Array[]): AuditKeys {
  const keys = secrets.map(toKey);
  const [current] = keys;
  if (current === undefined) throw new Error("an audit log needs a key");
  return { current, byId: new Map(keys.map((key) => [key.id, key])) };
}

function toKey(secret: Uint8Array): AuditKey {
  const id = createHash("sha256").update("nightshift audit key\n").update(secret).digest("hex");
  return { id: id.slice(0, ID_CHARS), key: createSecretKey(secret) };
}

/** HMAC-SHA-256 of a list in its JSON form, which is the same for the same list; `use` keeps what is signed for one end from another. */
export function sign({ key }: AuditKey, use: string, parts: readonly (string | number | null)[]): string {
  return createHmac("sha256", key)
    .update(JSON.stringify([`nightshift ${use} 1`, ...parts]))
    .digest("hex");
}
