import { createHmac } from "node:crypto";
import type { HttpClient } from "../outbound/http-client.ts";
import { OutboundError } from "../outbound/outbound-error.ts";
import type { Clock } from "../platform/clock.ts";
import { sha256 } from "../platform/digest.ts";
import { type Notice, type Notifier, NotifierError } from "./notifier.ts";

export interface WebhookOptions {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** `whsec_` and base64 of 24 to 64 bytes; null sends without a signature. */
  readonly secret: string | null;
  readonly timeoutMs: number;
  readonly http: HttpClient;
  readonly clock: Clock;
}

/** The answer is not looked at but for its status. */
const ANSWER_BYTES_MAX = 4_096;

/**
 * Posts each notice as JSON, signed as Standard Webhooks demands (standardwebhooks.com): id, timestamp and signature over
 * `id.timestamp.body`. The id is the same for every try of a notice, so the receiver can drop a second one. Throws
 * TypeError when the secret is none.
 */
export function createWebhookNotifier(options: WebhookOptions): Notifier {
  const key = options.secret === null ? null : decodeSecret(options.secret);
  return {
    name: options.name,
    kind: "webhook",
    async send(notice, signal) {
      const body = JSON.stringify(payloadOf(notice));
      const id = `msg_${sha256(`${options.name}\n${notice.dedupeKey}`).slice(0, 32)}`;
      const timestamp = String(Math.floor(options.clock.nowMs() / 1000));
      const signature = key === null ? {} : { "webhook-signature": signWebhook(key, id, timestamp, body) };
      const headers = {
        ...options.headers,
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        ...signature,
      };
      await post(options, headers, body, signal);
    },
  };
}

/** Where the spec speaks of the type of event, `type`; ours are all of one family. */
function payloadOf({ event, title, text, url, runId }: Notice) {
  return { type: `nightshift.${event}`, data: { event, title, text, url, run: runId } };
}

async function post(
  options: WebhookOptions,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<void> {
  const { name, url, timeoutMs, http } = options;
  try {
    const answer = await http.request({
      method: "POST",
      url,
      headers,
      body,
      timeoutMs,
      bodyBytesMax: ANSWER_BYTES_MAX,
      redirectsMax: 0,
      signal,
    });
    if (answer.status >= 200 && answer.status < 300) return;
    const isRetryable = answer.status >= 500 || answer.status === 408 || answer.status === 429;
    throw new NotifierError("refused", `notifier ${name}: the receiver answered HTTP ${answer.status}`, {
      isRetryable,
      didNotStart: false,
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

/** The `webhook-signature` of Standard Webhooks. */
export function signWebhook(key: Uint8Array, id: string, timestamp: string, body: string): string {
  return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
}

function decodeSecret(secret: string): Buffer {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  if (!secret.startsWith("whsec_") || key.byteLength < 24 || key.byteLength > 64) {
    throw new TypeError(
      "a webhook's secret is whsec_ and the base64 of 24 to 64 bytes; make one with: echo whsec_$(openssl rand -base64 32)",
    );
  }
  return key;
}
