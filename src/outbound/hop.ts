import { validateHeaderName, validateHeaderValue } from "node:http";
import { CONNECTION_HEADERS } from "../platform/http-headers.ts";
import { OutboundError } from "./outbound-error.ts";

/** What changes from one redirect to the next. */
export interface Hop {
  readonly method: string;
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
}

export interface FirstHop {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** Throws {@link OutboundError} `invalid-request` for what is never sent. */
export function firstHop(request: FirstHop): Hop {
  if (!URL.canParse(request.url)) throw invalid("the URL cannot be read");
  const url = new URL(request.url);
  const problem = urlProblem(url);
  if (problem !== null) throw invalid(`${url.protocol}//${url.host}: ${problem}`);
  const method = request.method.toUpperCase();
  if (method === "CONNECT" || method === "TRACE") throw invalid(`${method} is not sent`);
  const headers = { "user-agent": "Nightshift", ...lowerCaseNames(request.headers ?? {}) };
  for (const [name, value] of Object.entries(headers)) checkHeader(name, value);
  return { method, url, headers, body: bytesOf(request.body) };
}

/**
 * As browsers do: 303, and 301 or 302 after a POST, become a GET; what was sent to one origin is not shown to another. Unlike
 * browsers it takes no body to another origin, and nothing from https to http: throws `invalid-redirect`.
 */
export function nextHop(hop: Hop, status: number, location: string): Hop {
  if (!URL.canParse(location, hop.url.href)) throw badRedirect(hop, "was redirected to no URL");
  const url = new URL(location, hop.url.href);
  const problem = urlProblem(url);
  if (problem !== null) throw badRedirect(hop, `was redirected, but ${problem}`);
  if (hop.url.protocol === "https:" && url.protocol === "http:")
    throw badRedirect(hop, "was redirected from https to http");
  const becomesGet = hop.method !== "HEAD" && (status === 303 || (status < 303 && hop.method === "POST"));
  const isSameOrigin = url.origin === hop.url.origin;
  if (!becomesGet && !isSameOrigin && hop.body !== null)
    throw badRedirect(hop, `was redirected with its body to ${url.origin}; ask there directly`);
  const headers = isSameOrigin ? { ...hop.headers } : pick(hop.headers, SHARED_HEADERS);
  if (!becomesGet) return { method: hop.method, url, headers, body: hop.body };
  delete headers["content-type"];
  return { method: "GET", url, headers, body: null };
}

/** A request for people, without its query: that may hold a token. */
export function describeHop({ method, url }: Hop): string {
  return `${method} ${url.origin}${url.pathname}`;
}

/** Names the header and never its value, which may be a secret. */
function checkHeader(name: string, value: string): void {
  // Which host is asked follows from the URL alone; two notions of where a request ends let one request become two.
  if (CONNECTION_HEADERS.includes(name)) throw invalid(`the header ${name} is set by the client itself`);
  try {
    validateHeaderName(name);
  } catch (cause) {
    throw invalid(`${JSON.stringify(name)} is no name of a header`, cause);
  }
  try {
    validateHeaderValue(name, value);
  } catch (cause) {
    throw invalid(`the header ${name} has a line break or another character that no header may have`, cause);
  }
}

function bytesOf(body: FirstHop["body"]): Buffer | null {
  if (body === undefined) return null;
  return typeof body === "string" ? Buffer.from(body) : Buffer.from(body);
}

function urlProblem(url: URL): string | null {
  if (url.protocol !== "http:" && url.protocol !== "https:") return "only http and https URLs are requested";
  // It would stand in logs, and in the bundle.
  return url.username === "" && url.password === ""
    ? null
    : "a URL must not hold a user or password; use a header";
}

/** All that another origin is told. Anything else (a token under whatever name) was meant for the first. */
const SHARED_HEADERS: readonly string[] = ["accept", "content-type", "user-agent"];

function pick(headers: Hop["headers"], names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => names.includes(name)));
}

function lowerCaseNames(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function invalid(message: string, cause?: unknown): OutboundError {
  return new OutboundError("invalid-request", message, { didNotStart: true, cause });
}

function badRedirect(hop: Hop, what: string): OutboundError {
  return new OutboundError("invalid-redirect", `${describeHop(hop)} ${what}`, { didNotStart: false });
}
