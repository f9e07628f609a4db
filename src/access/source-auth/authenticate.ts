import { createHmac, hash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** How a source's senders prove themselves, with the secrets as read. Two secrets hold while one replaces the other. */
export type SourceAuth =
  | { readonly kind: "none" }
  | { readonly kind: "bearer"; readonly tokens: readonly string[] }
  | { readonly kind: "basic"; readonly username: string; readonly passwords: readonly string[] }
  | HmacAuth
  | StandardWebhooksAuth;

/** Grafana's signature: lower-case hex of HMAC-SHA256 over the body, or over `timestamp:body`. Header names in lower case. */
export interface HmacAuth {
  readonly kind: "hmac";
  readonly secrets: readonly string[];
  readonly header: string;
  /** Without one a captured request can be sent again at any time. */
  readonly timestampHeader: string | null;
  readonly toleranceMs: number;
}

/** Standard Webhooks 1.0, symmetric signatures: `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`. */
export interface StandardWebhooksAuth {
  readonly kind: "standard_webhooks";
  /** Decoded keys. */
  readonly secrets: readonly Buffer[];
  readonly toleranceMs: number;
}

export interface AuthHeaders {
  readonly headers: IncomingHttpHeaders;
  /** As received: the only place where a doubled header is seen. */
  readonly rawHeaders: readonly string[];
}

export interface AuthRequest extends AuthHeaders {
  /** The exact bytes received; a signature never covers a parsed and re-written body. */
  readonly body: Buffer;
  readonly nowMs: number;
}

/** Why a request was refused: for the log and the metric. The sender is told none of it. */
export type AuthRefusal = "missing" | "doubled" | "malformed" | "mismatch" | "outside_tolerance";
export type AuthResult = { readonly ok: true } | { readonly ok: false; readonly reason: AuthRefusal };

/** Decides whether the request comes from the source. Compares in constant time, and every secret on each request. */
export function authenticate(auth: SourceAuth, request: AuthRequest): AuthResult {
  switch (auth.kind) {
    case "none":
    case "bearer":
    case "basic":
      return authenticateHeadersFirst(auth, request);
    case "hmac":
      return checkHmac(auth, request);
    case "standard_webhooks":
      return checkStandardWebhooks(auth, request);
  }
}

/**
 * What the headers alone say, before a body is read. For `none`, `bearer` and `basic` that decides; for signatures `ok` only
 * means that the headers needed are there once.
 */
export function authenticateHeadersFirst(auth: SourceAuth, request: AuthHeaders): AuthResult {
  switch (auth.kind) {
    case "none":
      return { ok: true };
    case "bearer":
      return checkBearer(auth.tokens, request);
    case "basic":
      return checkBasic(auth.username, auth.passwords, request);
    case "hmac":
      return firstRefusal([auth.header, auth.timestampHeader ?? auth.header], request);
    case "standard_webhooks":
      return firstRefusal([ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER], request);
  }
}

/** Whether the body takes part in the decision. */
export function needsBody(auth: SourceAuth): boolean {
  return auth.kind === "hmac" || auth.kind === "standard_webhooks";
}

const BEARER = /^Bearer +([^\s]+)$/i;
const BASIC = /^Basic +([A-Za-z0-9+/]+={0,2})$/i;

function checkBearer(tokens: readonly string[], request: AuthHeaders): AuthResult {
  const header = onlyHeader("authorization", request);
  if (typeof header !== "string") return header;
  const token = BEARER.exec(header)?.[1];
  if (token === undefined) return refuse("malformed");
  return matchesAny(token, tokens) ? { ok: true } : refuse("mismatch");
}

function checkBasic(username: string, passwords: readonly string[], request: AuthHeaders): AuthResult {
  const header = onlyHeader("authorization", request);
  if (typeof header !== "string") return header;
  const encoded = BASIC.exec(header)?.[1];
  if (encoded === undefined) return refuse("malformed");
  const pair = Buffer.from(encoded, "base64").toString("utf8");
  // A user name has no colon, so that comparing the whole pair compares both parts.
  const expected = passwords.map((password) => `${username}:${password}`);
  return matchesAny(pair, expected) ? { ok: true } : refuse("mismatch");
}

/** Hashes both sides: `timingSafeEqual` needs equal lengths, and a length would tell something of the secret. */
function matchesAny(given: string, secrets: readonly string[]): boolean {
  const givenHash = hash("sha256", given, "buffer");
  let isMatch = false;
  for (const secret of secrets) {
    if (timingSafeEqual(givenHash, hash("sha256", secret, "buffer"))) isMatch = true;
  }
  return isMatch;
}

const HEX_SHA256 = /^[0-9a-f]{64}$/;

function checkHmac(auth: HmacAuth, request: AuthRequest): AuthResult {
  const signature = onlyHeader(auth.header, request);
  if (typeof signature !== "string") return signature;
  if (!HEX_SHA256.test(signature)) return refuse("malformed");
  const given = Buffer.from(signature, "hex");
  let prefix = "";
  if (auth.timestampHeader !== null) {
    const timestamp = onlyHeader(auth.timestampHeader, request);
    if (typeof timestamp !== "string") return timestamp;
    const refusal = checkTimestamp(timestamp, auth.toleranceMs, request.nowMs);
    if (refusal !== null) return refusal;
    prefix = `${timestamp}:`;
  }
  return isSignedBy([given], auth.secrets, prefix, request.body) ? { ok: true } : refuse("mismatch");
}

const ID_HEADER = "webhook-id";
const TIMESTAMP_HEADER = "webhook-timestamp";
const SIGNATURE_HEADER = "webhook-signature";
const SIGNATURE_V1 = /^v1,([A-Za-z0-9+/]{43}=)$/;
/** A sender signs with each of its keys while it rotates them: two, rarely three. */
const SIGNATURES_MAX = 10;
/** The dot separates the signed parts, so that an id with one would be ambiguous. */
const MESSAGE_ID = /^[^\s.]{1,256}$/;

function checkStandardWebhooks(auth: StandardWebhooksAuth, request: AuthRequest): AuthResult {
  const id = onlyHeader(ID_HEADER, request);
  if (typeof id !== "string") return id;
  const timestamp = onlyHeader(TIMESTAMP_HEADER, request);
  if (typeof timestamp !== "string") return timestamp;
  const signatures = onlyHeader(SIGNATURE_HEADER, request);
  if (typeof signatures !== "string") return signatures;
  if (!MESSAGE_ID.test(id)) return refuse("malformed");
  const refusal = checkTimestamp(timestamp, auth.toleranceMs, request.nowMs);
  if (refusal !== null) return refusal;
  // Signatures of other versions (`v1a` is asymmetric) may stand beside ours.
  const texts = signatures.split(" ", SIGNATURES_MAX);
  const given = texts
    .flatMap((text) => SIGNATURE_V1.exec(text)?.[1] ?? [])
    .map((text) => Buffer.from(text, "base64"));
  if (given.length === 0) return refuse("malformed");
  const prefix = `${id}.${timestamp}.`;
  return isSignedBy(given, auth.secrets, prefix, request.body) ? { ok: true } : refuse("mismatch");
}

/** Whether any signature is the HMAC-SHA256 of prefix and body under any of the keys. */
function isSignedBy(
  given: readonly Buffer[],
  keys: readonly (string | Buffer)[],
  prefix: string,
  body: Buffer,
): boolean {
  let isMatch = false;
  for (const key of keys) {
    const expected = createHmac("sha256", key).update(prefix).update(body).digest();
    for (const signature of given) if (timingSafeEqual(signature, expected)) isMatch = true;
  }
  return isMatch;
}

/** Unix seconds in decimal. Longer ones are milliseconds, or no time of this millennium. */
const UNIX_SECONDS = /^\d{1,11}$/;

function checkTimestamp(text: string, toleranceMs: number, nowMs: number): AuthResult | null {
  if (!UNIX_SECONDS.test(text)) return refuse("malformed");
  const ageSeconds = Math.floor(nowMs / 1000) - Number(text);
  return Math.abs(ageSeconds) * 1000 <= toleranceMs ? null : refuse("outside_tolerance");
}

function firstRefusal(names: readonly string[], request: AuthHeaders): AuthResult {
  for (const name of names) {
    const header = onlyHeader(name, request);
    if (typeof header !== "string") return header;
  }
  return { ok: true };
}

/** The header's value where it was sent exactly once. Node joins or drops repeated ones, which hides what was signed. */
function onlyHeader(name: string, { headers, rawHeaders }: AuthHeaders): string | AuthResult {
  const value = headers[name];
  if (value === undefined || value === "") return refuse("missing");
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const raw = rawHeaders[index];
    if (raw !== undefined && raw.length === name.length && raw.toLowerCase() === name) count += 1;
  }
  return count === 1 && typeof value === "string" ? value : refuse("doubled");
}

function refuse(reason: AuthRefusal): AuthResult {
  return { ok: false, reason };
}
