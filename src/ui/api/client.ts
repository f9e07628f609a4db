/** What is wrong with one part of what was sent; the pointer is a JSON pointer into the body. */
export interface ProblemError {
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
}

/** An answer that is an error, as the API tells it (RFC 9457). Status 0: there was no answer. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly title: string;
  readonly errors: readonly ProblemError[];
  /** What the problem has beside the members that all have, such as `retry_at`. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(
    status: number,
    title: string,
    detail: string,
    errors: readonly ProblemError[] = [],
    members: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail);
    this.status = status;
    this.title = title;
    this.errors = errors;
    this.members = members;
  }
}

/** Reads from the API. `path` begins behind `/api/v1`. Throws {@link ApiError}. */
export async function get<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  return (await call("GET", path, { signal })) as Answer;
}

/** Asks the API for a change. `key` makes a start that is sent twice one start. Throws {@link ApiError}. */
export async function send<Answer>(
  method: "POST" | "DELETE",
  path: string,
  body?: unknown,
  key?: string,
): Promise<Answer> {
  return (await call(method, path, { body, key })) as Answer;
}

interface Sent {
  readonly body?: unknown;
  readonly key?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Bytes as they are, of what is not JSON. Throws {@link ApiError}. */
export async function getBytes(path: string, signal: AbortSignal): Promise<Uint8Array> {
  return answerTo("GET", path, { signal });
}

async function call(method: string, path: string, sent: Sent): Promise<unknown> {
  return parse(new TextDecoder().decode(await answerTo(method, path, sent)));
}

async function answerTo(method: string, path: string, sent: Sent): Promise<Uint8Array> {
  const { status, isGood, bytes } = await received(method, path, sent);
  if (isGood) return bytes;
  if (status === 401) leadToLogin();
  throw problemOf(status, parse(new TextDecoder().decode(bytes)));
}

/** The whole answer; one that breaks off in the middle is none. */
async function received(method: string, path: string, { body, key, signal }: Sent) {
  try {
    const response = await fetch(`/api/v1${path}`, {
      method,
      headers: {
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(key === undefined ? {} : { "idempotency-key": key }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
    });
    const bytes = new Uint8Array(await response.arrayBuffer());
    return { status: response.status, isGood: response.ok, bytes };
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new ApiError(
      0,
      "No answer",
      "Nightshift does not answer. Is the network there, and the service running?",
    );
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function problemOf(status: number, json: unknown): ApiError {
  if (typeof json !== "object" || json === null)
    return new ApiError(
      status,
      "Unexpected answer",
      `The service answered ${status} with something that is not of its own.`,
    );
  const {
    title = `Error ${status}`,
    detail = "",
    errors = [],
    ...members
  } = json as {
    title?: string;
    detail?: string;
    errors?: readonly ProblemError[];
  };
  return new ApiError(status, title, detail, errors, members);
}

/** The session is over: what was typed stays in the browser's history, and the login leads back here. */
function leadToLogin(): void {
  const here = `${location.pathname}${location.search}`;
  location.assign(`/login?return_to=${encodeURIComponent(here)}`);
}
