import { isIP } from "node:net";
import { type AddressPolicy, anyAddress } from "./address-policy.ts";
import {
  AddressRefusedError,
  checkedLookup,
  refusalOf,
  resolveBySystem,
  type ResolveHost,
} from "./checked-lookup.ts";
import { type Answer, exchange } from "./exchange.ts";
import { OutboundError, type OutboundErrorCode } from "./outbound-error.ts";

export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** For everything together: names, connections, redirects, the whole body. */
  readonly timeoutMs: number;
  /** More of the answer's body is not read. */
  readonly bodyBytesMax: number;
  /** 0 gives the redirect itself as the answer. Default 5. */
  readonly redirectsMax?: number;
  readonly signal?: AbortSignal;
}

export interface HttpResponse extends Answer {
  /** Where the answer came from, after redirects. */
  readonly url: string;
}

export interface HttpClient {
  /** Sends one request, on a connection of its own. Throws {@link OutboundError}, and nothing else. Not repeatable by itself. */
  request(request: HttpRequest): Promise<HttpResponse>;
}

/** A client for what the administrator configured: it may connect to any address. */
export function createPeerHttpClient(): HttpClient {
  return createHttpClient(anyAddress);
}

/** A client that connects only where the policy allows: checked at each connection, so also for each redirect. */
export function createHttpClient(
  policy: AddressPolicy,
  resolveHost: ResolveHost = resolveBySystem,
): HttpClient {
  return { request: (request) => followRedirects(request, policy, resolveHost) };
}

const REDIRECTS_DEFAULT = 5;
const REDIRECT_STATUSES: readonly number[] = [301, 302, 303, 307, 308];

/** What changes from one redirect to the next. */
interface Hop {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
}

async function followRedirects(
  request: HttpRequest,
  policy: AddressPolicy,
  resolveHost: ResolveHost,
): Promise<HttpResponse> {
  const redirectsMax = request.redirectsMax ?? REDIRECTS_DEFAULT;
  const timeout = AbortSignal.timeout(request.timeoutMs);
  const signal = request.signal === undefined ? timeout : AbortSignal.any([timeout, request.signal]);
  let hop = firstHop(request);
  for (let redirects = 0; ; redirects += 1) {
    const answer = await send({
      hop,
      request,
      policy,
      resolveHost,
      signal,
      timeout,
      isFirst: redirects === 0,
    });
    const location = answer.headers["location"];
    if (redirectsMax === 0 || location === undefined || !REDIRECT_STATUSES.includes(answer.status))
      return { ...answer, url: hop.url.href };
    if (redirects === redirectsMax)
      throw failure(
        "too-many-redirects",
        `${describe(hop)} was redirected more than ${redirectsMax} times`,
        false,
      );
    hop = nextHop(hop, answer.status, location);
  }
}

function firstHop(request: HttpRequest): Hop {
  if (!URL.canParse(request.url)) throw failure("invalid-request", "the URL cannot be read", true);
  const url = new URL(request.url);
  const problem = urlProblem(url);
  if (problem !== null) throw failure("invalid-request", `${url.protocol}//${url.host}: ${problem}`, true);
  const method = request.method.toUpperCase();
  if (method === "CONNECT" || method === "TRACE")
    throw failure("invalid-request", `${method} is not sent`, true);
  const headers = { "user-agent": "Nightshift", ...lowerCaseNames(request.headers ?? {}) };
  const framing = FRAMING_HEADERS.find((name) => Object.hasOwn(headers, name));
  if (framing !== undefined)
    throw failure("invalid-request", `the header ${framing} is set by the client itself`, true);
  return { method, url, headers, body: bytesOf(request.body) };
}

/** Two notions of where a request ends let one request become two. */
const FRAMING_HEADERS: readonly string[] = [
  "content-length",
  "transfer-encoding",
  "connection",
  "upgrade",
  "expect",
];

function bytesOf(body: HttpRequest["body"]): Buffer | null {
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

/** As browsers do: 303, and 301 or 302 after a POST, become a GET; what was sent to one origin is not shown to another. */
function nextHop(hop: Hop, status: number, location: string): Hop {
  if (!URL.canParse(location, hop.url.href))
    throw failure("invalid-redirect", `${describe(hop)} was redirected to no URL`, false);
  const url = new URL(location, hop.url.href);
  const problem = urlProblem(url);
  if (problem !== null)
    throw failure("invalid-redirect", `${describe(hop)} was redirected, but ${problem}`, false);
  if (hop.url.protocol === "https:" && url.protocol === "http:")
    throw failure("invalid-redirect", `${describe(hop)} was redirected from https to http`, false);
  const becomesGet = hop.method !== "HEAD" && (status === 303 || (status < 303 && hop.method === "POST"));
  const headers = url.origin === hop.url.origin ? { ...hop.headers } : pick(hop.headers, SHARED_HEADERS);
  if (!becomesGet) return { method: hop.method, url, headers, body: hop.body };
  delete headers["content-type"];
  return { method: "GET", url, headers, body: null };
}

/** All that another origin is told. Anything else (a token under whatever name) was meant for the first. */
const SHARED_HEADERS: readonly string[] = ["accept", "content-type", "user-agent"];

function pick(headers: Hop["headers"], names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => names.includes(name)));
}

function lowerCaseNames(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

interface Sending {
  readonly hop: Hop;
  readonly request: HttpRequest;
  readonly policy: AddressPolicy;
  readonly resolveHost: ResolveHost;
  readonly signal: AbortSignal;
  readonly timeout: AbortSignal;
  readonly isFirst: boolean;
}

async function send({
  hop,
  request,
  policy,
  resolveHost,
  signal,
  timeout,
  isFirst,
}: Sending): Promise<Answer> {
  let didNotStart = isFirst;
  try {
    signal.throwIfAborted();
    checkLiteralAddress(hop.url, policy);
    return await exchange({
      ...hop,
      bodyBytesMax: request.bodyBytesMax,
      lookup: checkedLookup(policy, resolveHost),
      signal,
      onConnected: () => {
        didNotStart = false;
      },
    });
  } catch (cause) {
    const code = timeout.aborted ? "timeout" : signal.aborted ? "aborted" : codeOf(cause);
    throw failure(code, messageOf(code, hop, request.timeoutMs, cause), didNotStart, cause);
  }
}

/** Node does not look up a host that is an address already, so it is checked here. */
function checkLiteralAddress(url: URL, policy: AddressPolicy): void {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const family = isIP(host);
  if (family !== 0 && !policy(host, host)) throw refusalOf(host, [{ address: host, family }]);
}

function codeOf(error: unknown): OutboundErrorCode {
  if (error instanceof AddressRefusedError) return "address-refused";
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOTFOUND" || code.startsWith("EAI_")) return "dns";
  if (code === "ECONNREFUSED") return "connection-refused";
  if (/^(?:ERR_INVALID_CHAR|ERR_INVALID_HTTP_TOKEN|ERR_UNESCAPED_CHARACTERS|ERR_HTTP_INVALID)/.test(code))
    return "invalid-request";
  return /CERT|^ERR_TLS|^ERR_SSL|SIGNATURE|^EPROTO$/.test(code) ? "tls" : "connection-failed";
}

function messageOf(code: OutboundErrorCode, hop: Hop, timeoutMs: number, cause: unknown): string {
  if (code === "timeout") return `${describe(hop)} took longer than ${timeoutMs} ms`;
  if (code === "aborted") return `${describe(hop)} was stopped`;
  return `${describe(hop)} failed: ${cause instanceof Error ? cause.message || cause.name : String(cause)}`;
}

/** Without the query: it may hold a token. */
function describe({ method, url }: Hop): string {
  return `${method} ${url.origin}${url.pathname}`;
}

function failure(
  code: OutboundErrorCode,
  message: string,
  didNotStart: boolean,
  cause?: unknown,
): OutboundError {
  return new OutboundError(code, message, { didNotStart, cause });
}
