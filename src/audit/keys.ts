import { createHash, createHmac, createSecretKey, hkdfSync, type KeyObject, randomBytes } from "node:crypto";
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

/** Where the keys of a service lie. */
export interface AuditKeyFiles {
  readonly current: string;
  readonly previous: readonly string[];
}

/** Where the key of a data folder lies when the settings name none. */
export function auditKeyFile(folder: string): string {
  return join(folder, "keys", "audit");
}

/**
 * Reads the keys. Whoever has the current one can forge the log; without it nothing that was written can be verified. Throws when a file is
 * missing or holds no key.
 */
export function readAuditKeys({ current, previous }: AuditKeyFiles): AuditKeys {
  return createAuditKeys([current, ...previous].map(readKey));
}

/** Makes the key of a data folder, in a file that only the service can read, where there is none yet. */
export function makeAuditKey(folder: string): void {
  const file = auditKeyFile(folder);
  if (existsSync(file)) return;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const text = `${randomBytes(KEY_BYTES_MIN).toString("base64")}\n`;
  writeFileSync(file, text, { mode: 0o600, flag: "wx", flush: true });
}

function readKey(file: string): Buffer {
  const advice = `restore it from where it is kept, or make one with: openssl rand -base64 ${KEY_BYTES_MIN}`;
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`the audit key ${file} could not be read (${reason}); ${advice}`, { cause });
  }
  const secret = Buffer.from(text.trim(), "base64");
  if (secret.length >= KEY_BYTES_MIN) return secret;
  throw new Error(`${file} holds no key of ${KEY_BYTES_MIN} bytes in base64; ${advice}`);
}

/** The first secret signs; all of them verify. */
export function createAuditKeys(secrets: readonly Uint8Array[]): AuditKeys {
  const keys = secrets.map(toKey);
  const [current] = keys;
  if (current === undefined) throw new Error("an audit log needs a key");
  return { current, byId: new Map(keys.map((key) => [key.id, key])) };
}

/** Derived, so that the same file may serve other ends as well. */
function toKey(secret: Uint8Array): AuditKey {
  const derived = Buffer.from(hkdfSync("sha256", secret, "", "nightshift audit", KEY_BYTES_MIN));
  const id = createHash("sha256").update("nightshift audit key\n").update(derived).digest("hex");
  return { id: id.slice(0, ID_CHARS), key: createSecretKey(derived) };
}

/** HMAC-SHA-256 of a list in its JSON form, which is the same for the same list; `use` keeps what is signed for one end from another. */
export function sign({ key }: AuditKey, use: string, parts: readonly (string | number | null)[]): string {
  return createHmac("sha256", key)
    .update(JSON.stringify([`nightshift ${use} 1`, ...parts]))
    .digest("hex");
}
