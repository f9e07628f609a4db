import type { OutgoingHttpHeaders } from "node:http";
import { request as requestHttp, type IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import type { LookupFunction } from "node:net";
import type { SecureContext } from "node:tls";

/** One request to one URL, without redirects. */
export interface Exchange {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
  readonly bodyBytesMax: number;
  readonly lookup: LookupFunction;
  /** Which certificates are believed; null for Node's own list. */
  readonly trust: SecureContext | null;
  readonly signal: AbortSignal;
  /** Called once the connection stands, TLS included: from then on the request may have arrived. */
  readonly onConnected: () => void;
}

export interface Answer {
  readonly status: number;
  /** Names in lower case; a repeated header's values joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The body was longer than allowed; the rest was not read. */
  readonly isTruncated: boolean;
}

const HEADER_BYTES_MAX = 64 * 1024;

/** Sends one request on a connection of its own and reads the answer up to its limit. Rejects with Node's error. */
export function exchange(options: Exchange): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { url, body } = options;
    const isTls = url.protocol === "https:";
    const headers: OutgoingHttpHeaders = { "accept-encoding": "identity", ...options.headers };
    if (body !== null) headers["content-length"] = body.length;
    const request = (isTls ? requestHttps : requestHttp)({
      method: options.method,
      hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"),
      port: url.port,
      path: `${url.pathname}${url.search}`,
      headers,
      // A kept connection was checked for another request, perhaps under another policy.
      agent: false,
      lookup: options.lookup,
      // Said here, so that no variable of the environment turns it off.
      rejectUnauthorized: true,
      ...(options.trust === null ? {} : { secureContext: options.trust }),
      maxHeaderSize: HEADER_BYTES_MAX,
      signal: options.signal,
    });
    request.once("socket", (socket) =>
      socket.once(isTls ? "secureConnect" : "connect", () => options.onConnected()),
    );
    request.on("error", reject);
    // A socket that was handed over would be nobody's: no error of it, and no abort, would ever be heard of.
    request.once("upgrade", (_response, socket) => {
      socket.destroy();
      reject(new Error("the server wants to change to another protocol"));
    });
    request.once("close", () => reject(new Error("the connection was closed before the answer was whole")));
    request.once("response", (response) => readAnswer(response, options.bodyBytesMax, { resolve, reject }));
    if (body === null) request.end();
    else request.end(body);
  });
}

interface Settle {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

function readAnswer(response: IncomingMessage, bodyBytesMax: number, { resolve, reject }: Settle): void {
  const chunks: Buffer[] = [];
  let room = bodyBytesMax;
  const finish = (isTruncated: boolean): void => {
    const body = Buffer.concat(chunks);
    resolve({ status: response.statusCode ?? 0, headers: flatHeaders(response), body, isTruncated });
  };
  response.on("data", (chunk: Buffer) => {
    chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
    if (chunk.length > room) {
      finish(true);
      response.destroy();
    }
    room -= chunk.length;
  });
  response.once("end", () => finish(false));
  response.on("error", reject);
}

function flatHeaders(response: IncomingMessage): Record<string, string> {
  const entries = Object.entries(response.headers).map(([name, value]): [string, string] => [
    name,
    Array.isArray(value) ? value.join(", ") : (value ?? ""),
  ]);
  return Object.fromEntries(entries);
}
