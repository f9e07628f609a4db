import { createHash, randomBytes } from "node:crypto";

const SECRET_BYTES = 32;

/** How API tokens begin, so that scanners for leaked secrets, ours too, know one when they see it. */
const TOKEN_PREFIX = "nst_";
export const API_TOKEN = /^nst_[A-Za-z0-9_-]{43}$/;

/** What a token may be for: everything its person may, everything that only reads, or the runs of one runbook. */
export const TOKEN_SCOPE = /^(all|read|run:[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?)$/;

export function newToken(): string {
  return `${TOKEN_PREFIX}${randomBytes(SECRET_BYTES).toString("base64url")}`;
}

/** For cookies and one-time links: as hard to guess as a key. */
export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString("base64url");
}

/** What is stored of a token or a cookie. They are random, so that a plain hash cannot be tried out. */
export function hashOfSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
