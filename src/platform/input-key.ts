import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const KEY_BYTES = 32;
/** AES-GCM (NIST SP 800-38D): a nonce of 96 bits, a tag of 128. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** What was sealed cannot be opened: the key is another one, or the bytes were changed. */
export class InputKeyError extends Error {
  override readonly name = "InputKeyError";
}

/** Keeps what people type in as secrets, and the files they upload, from whoever reads the database alone. */
export interface InputKey {
  /** The same for the same text at the same place; without the key it says nothing of the text. HMAC-SHA-256. */
  fingerprint(place: string, text: string): string;
  /** AES-256-GCM. It opens at the same place only: `place` is authenticated, too. */
  encrypt(place: string, content: Uint8Array): Uint8Array;
  /** Throws {@link InputKeyError}. */
  decrypt(place: string, sealed: Uint8Array): Uint8Array;
}

/**
 * The key of a data folder: made at the first start, in a file that only the service can read. Without it, the secrets of runs
 * that have not ended are lost. Throws when the file holds no key.
 */
export function readInputKey(folder: string): InputKey {
  const file = join(folder, "input-key");
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const text = `${randomBytes(KEY_BYTES).toString("base64")}\n`;
    writeFileSync(file, text, { mode: 0o600, flag: "wx", flush: true });
  }
  const key = Buffer.from(readFileSync(file, "utf8").trim(), "base64");
  if (key.length !== KEY_BYTES)
    throw new Error(
      `${file} holds no key; restore it from a backup, or remove it: runs with secret inputs that have not ended will fail`,
    );
  return createInputKey(key);
}

/** One secret, two keys: what is compared and what is opened have nothing in common. */
export function createInputKey(secret: Uint8Array): InputKey {
  const derive = (use: string) =>
    Buffer.from(hkdfSync("sha256", secret, "", `nightshift inputs ${use}`, KEY_BYTES));
  const fingerprintKey = derive("fingerprint");
  const cipherKey = derive("encryption");
  return {
    fingerprint(place, text) {
      const hmac = createHmac("sha256", fingerprintKey).update(`${place.length}:${place}`).update(text);
      return `hmac-sha256:${hmac.digest("hex")}`;
    },
    encrypt(place, content) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", cipherKey, nonce).setAAD(Buffer.from(place));
      const text = Buffer.concat([cipher.update(content), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), text]);
    },
    decrypt(place, sealed) {
      try {
        const nonce = sealed.subarray(0, NONCE_BYTES);
        const options = { authTagLength: TAG_BYTES };
        const decipher = createDecipheriv("aes-256-gcm", cipherKey, nonce, options).setAAD(
          Buffer.from(place),
        );
        decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
        const text = sealed.subarray(NONCE_BYTES + TAG_BYTES);
        return Buffer.concat([decipher.update(text), decipher.final()]);
      } catch (cause) {
        throw new InputKeyError("it was sealed with another key, or was changed since", { cause });
      }
    },
  };
}
