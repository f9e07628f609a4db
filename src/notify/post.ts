import type { HttpClient, HttpResponse } from "../outbound/http-client.ts";
import { OutboundError } from "../outbound/outbound-error.ts";
import type { Clock } from "../platform/clock.ts";
import { NotifierError } from "./notifier.ts";

/** Enough for the short JSON that receivers answer with. */
const ANSWER_BYTES_MAX = 64 * 1024;

/** How one notifier posts. */
export interface PostOptions {
  readonly name: string;
  readonly timeoutMs: number;
  readonly http: HttpClient;
  readonly clock: Clock;
}

export interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Posts JSON and resolves with an answer of 2xx. Throws {@link NotifierError} for anything else, with neither URL nor answer in
 * it: for many receivers the URL is the secret. `explain` may say more of a refusal, from a closed list.
 */
export async function postJson(
  options: PostOptions,
  post: Post,
  signal: AbortSignal,
  explain: (answer: HttpResponse) => string = () => "",
): Promise<HttpResponse> {
  const { name, clock } = options;
  const answer = await exchange(options, post, signal);
  const { status } = answer;
  if (status >= 200 && status < 300) return answer;
  throw new NotifierError(
    "refused",
    `notifier ${name}: the receiver answered HTTP ${status}${explain(answer)}`,
    {
      isRetryable: status >= 500 || status === 408 || status === 429,
      didNotStart: false,
      retryAfterMs: retryAfterMs(answer, clock.nowMs()),
    },
  );
}

async function exchange(options: PostOptions, post: Post, signal: AbortSignal): Promise<HttpResponse> {
  const { name, timeoutMs, http } = options;
  try {
    return await http.request({
      ...post,
      method: "POST",
      headers: { ...post.headers, "content-type": "application/json" },
      timeoutMs,
      bodyBytesMax: ANSWER_BYTES_MAX,
      redirectsMax: 0,
      signal,
    });
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    const code = error.code === "aborted" ? "aborted" : "unreachable";
    // Without its text and without a cause: they hold the URL's path, which is a secret for many receivers.
    throw new NotifierError(code, `notifier ${name}: ${error.code.replaceAll("-", " ")}`, {
      isRetryable: error.isRetryable,
      didNotStart: error.didNotStart,
    });
  }
}

/** `Retry-After` (RFC 9110, 10.2.3), in seconds or as a date; null when it is absent or neither. */
export function retryAfterMs({ headers }: Pick<HttpResponse, "headers">, nowMs: number): number | null {
  const value = headers["retry-after"]?.trim();
  if (value === undefined || value === "") return null;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}
