import { isIP } from "node:net";
import type { SecureContext } from "node:tls";
import { type AddressPolicy, anyAddress } from "./address-policy.ts";
import {
  AddressRefusedError,
  checkedLookup,
  refusalOf,
  resolveBySystem,
  type ResolveHost,
} from "./checked-lookup.ts";
import { type Answer, exchange } from "./exchange.ts";
import { describeHop, firstHop, type Hop, nextHop } from "./hop.ts";
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
export function createPeerHttpClient(options: HttpClientOptions = {}): HttpClient {
  return createHttpClient(anyAddress, options);
}

/** A client that connects only where the policy allows: checked at each connection, so also for each redirect. */
export function createHttpClient(policy: AddressPolicy, options: HttpClientOptions = {}): HttpClient {
  const parts: ClientParts = { policy, resolveHost: resolveBySystem, trust: null, ...options };
  return { request: (request) => followRedirects(request, parts) };
}

export interface HttpClientOptions {
  /** Default: as the machine does it. */
  readonly resolveHost?: ResolveHost;
  /** Which certificates are believed; null for Node's own list. They are always verified. */
  readonly trust?: SecureContext | null;
}

interface ClientParts extends Required<HttpClientOptions> {
  readonly policy: AddressPolicy;
}

const REDIRECTS_DEFAULT = 5;
const REDIRECT_STATUSES: readonly number[] = [301, 302, 303, 307, 308];

async function followRedirects(request: HttpRequest, parts: ClientParts): Promise<HttpResponse> {
  const redirectsMax = request.redirectsMax ?? REDIRECTS_DEFAULT;
  const timeout = AbortSignal.timeout(request.timeoutMs);
  const signal = request.signal === undefined ? timeout : AbortSignal.any([timeout, request.signal]);
  let hop = firstHop(request);
  for (let redirects = 0; ; redirects += 1) {
    const answer = await send({ hop, request, parts, signal, timeout, isFirst: redirects === 0 });
    const location = answer.headers["location"];
    if (redirectsMax === 0 || location === undefined || !REDIRECT_STATUSES.includes(answer.status))
      return { ...answer, url: hop.url.href };
    if (redirects === redirectsMax)
      throw failure(
        "too-many-redirects",
        `${describeHop(hop)} was redirected more than ${redirectsMax} times`,
        false,
      );
    hop = nextHop(hop, answer.status, location);
  }
}

interface Sending {
  readonly hop: Hop;
  readonly request: HttpRequest;
  readonly parts: ClientParts;
  readonly signal: AbortSignal;
  readonly timeout: AbortSignal;
  readonly isFirst: boolean;
}

async function send({ hop, request, parts, signal, timeout, isFirst }: Sending): Promise<Answer> {
  const { policy, resolveHost, trust } = parts;
  let didNotStart = isFirst;
  try {
    signal.throwIfAborted();
    checkLiteralAddress(hop.url, policy);
    return await exchange({
      ...hop,
      bodyBytesMax: request.bodyBytesMax,
      lookup: checkedLookup(policy, resolveHost),
      trust,
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
  if (family !== 0 && !policy.allowsAddress(host, host)) throw refusalOf(host, [{ address: host, family }]);
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
  if (code === "timeout") return `${describeHop(hop)} took longer than ${timeoutMs} ms`;
  if (code === "aborted") return `${describeHop(hop)} was stopped`;
  return `${describeHop(hop)} failed: ${cause instanceof Error ? cause.message || cause.name : String(cause)}`;
}

function failure(
  code: OutboundErrorCode,
  message: string,
  didNotStart: boolean,
  cause?: unknown,
): OutboundError {
  return new OutboundError(code, message, { didNotStart, cause });
}
