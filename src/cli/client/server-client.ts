import { z } from "zod";

/** What went wrong between a command and its server, with the exit code it ends the command with. */
export class ServerError extends Error {
  override readonly name = "ServerError";
  readonly exitCode: number;
  /** What is wrong with which part of what was sent. */
  readonly places: readonly string[];

  constructor(
    message: string,
    options: { exitCode?: number; places?: readonly string[]; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode ?? 1;
    this.places = options.places ?? [];
  }
}

export interface OpenOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** A running Nightshift, as commands talk to it. Every call resolves with the JSON of a good answer, or throws {@link ServerError}. */
export interface ServerClient {
  get(path: string): Promise<unknown>;
  /** A good answer whose body the caller reads as it comes: a file, or a stream of events. `signal` ends it. */
  open(path: string, options?: OpenOptions): Promise<Response>;
  /** Null sends no body. */
  send(
    method: "POST" | "DELETE",
    path: string,
    body: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<unknown>;
}

export const SERVER_DEFAULT = "http://127.0.0.1:9095";
const TIMEOUT_MS = 30_000;

/** With `token` as who asks; null for nobody. Throws {@link ServerError} (exit code 2) for what is no HTTP address, or no token. */
export function createServerClient(address: string, token: string | null = null): ServerClient {
  const server = readAddress(address);
  const identity: Readonly<Record<string, string>> =
    token === null ? {} : { authorization: `Bearer ${requireSendable(token)}` };
  return {
    get: (path) => call(server, path, { headers: identity }),
    open: (path, options = {}) =>
      openBody(server, path, { ...options, headers: { ...identity, ...options.headers } }),
    send: (method, path, body, headers = {}) =>
      call(
        server,
        path,
        body === null
          ? { method, headers: { ...identity, ...headers } }
          : {
              method,
              headers: { "content-type": "application/json", ...identity, ...headers },
              body: JSON.stringify(body),
            },
      ),
  };
}

/** The token is never in a message. */
function requireSendable(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new ServerError("NIGHTSHIFT_TOKEN holds more than a token; it is one word without line breaks", {
    exitCode: 2,
  });
}

function readAddress(address: string): string {
  if (URL.canParse(address) && /^https?:$/.test(new URL(address).protocol))
    return address.replace(/\/+$/, "");
  throw new ServerError(`"${address}" is no address of a server; write it like ${SERVER_DEFAULT}`, {
    exitCode: 2,
  });
}

/** The time limit is for the beginning of the answer: its body may take long. */
async function openBody(
  server: string,
  path: string,
  { headers = {}, signal }: OpenOptions,
): Promise<Response> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new DOMException("too late", "TimeoutError")), TIMEOUT_MS);
  try {
    const signals = [late.signal, ...(signal === undefined ? [] : [signal])];
    const response = await fetch(`${server}${path}`, {
      headers,
      redirect: "manual",
      signal: AbortSignal.any(signals),
    });
    if (response.ok) return response;
    readJson(server, response.status, await response.text());
    throw new ServerError(`${server} answered ${response.status}, which is no file`);
  } catch (error) {
    if (error instanceof ServerError || signal?.aborted === true) throw error;
    throw noAnswer(server, error);
  } finally {
    clearTimeout(timer);
  }
}

async function call(server: string, path: string, init: RequestInit): Promise<unknown> {
  const { status, text } = await exchange(server, path, init);
  return readJson(server, status, text);
}

/** The JSON of a good answer; throws what any other one says. */
function readJson(server: string, status: number, text: string): unknown {
  if (status >= 300 && status < 400)
    throw new ServerError(
      `${server} answered with a redirect; is there a login in front of it? Name the server itself`,
    );
  const json = parseJson(text);
  if (status >= 200 && status < 300 && json !== undefined) return json;
  const problem = problemSchema.safeParse(json);
  if (!problem.success)
    throw new ServerError(
      `${server} answered ${status} with something that is not of Nightshift; is it the right address?`,
    );
  const { title, detail, errors } = problem.data;
  throw new ServerError(`${title}: ${detail}`, {
    exitCode: exitCodeOf(status),
    places: errors.map((error) => `${error.pointer}: ${error.message}`),
  });
}

const problemSchema = z.object({
  title: z.string(),
  detail: z.string(),
  errors: z.array(z.object({ pointer: z.string(), message: z.string() })).default([]),
});

/** 1 error, 2 something wrong was written, 4 not allowed. */
function exitCodeOf(status: number): number {
  if (status === 401 || status === 403) return 4;
  return status === 400 || status === 422 ? 2 : 1;
}

async function exchange(
  server: string,
  path: string,
  init: RequestInit,
): Promise<{ readonly status: number; readonly text: string }> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(`${server}${path}`, { ...init, redirect: "manual", signal });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    throw noAnswer(server, error);
  }
}

function noAnswer(server: string, cause: unknown): ServerError {
  const advice = "start it with nightshift serve, or name another one with --server or NIGHTSHIFT_URL";
  return new ServerError(`no answer from ${server} (${whyNoAnswer(cause)}); ${advice}`, { cause });
}

/** `fetch` says "fetch failed"; what failed is its cause. */
function whyNoAnswer(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `nothing within ${TIMEOUT_MS / 1_000} s`;
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  const code = "code" in cause ? String(cause.code) : "";
  return NETWORK_WORDS.get(code) ?? (cause.message === "" ? code : cause.message);
}

const NETWORK_WORDS: ReadonlyMap<string, string> = new Map([
  ["ECONNREFUSED", "connection refused"],
  ["ECONNRESET", "connection reset"],
  ["ENOTFOUND", "no such host name"],
]);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
