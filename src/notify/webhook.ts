import { createHmac } from "node:crypto";
import { sha256 } from "../platform/digest.ts";
import type { Notice, Notifier } from "./notifier.ts";
import { postJson, type PostOptions } from "./post.ts";

export interface WebhookOptions extends PostOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** `whsec_` and base64 of 24 to 64 bytes; null sends without a signature. */
  readonly secret: string | null;
}

/**
 * Posts each notice as JSON, signed as Standard Webhooks demands (standardwebhooks.com): id, timestamp and signature over
 * `id.timestamp.body`. The id is the same for every try of a notice, so the receiver can drop a second one. Throws
 * TypeError when the secret is none.
 */
export function createWebhookNotifier(options: WebhookOptions): Notifier {
  const { name, url, clock } = options;
  const key = options.secret === null ? null : decodeSecret(options.secret);
  return {
    name,
    kind: "webhook",
    opensIncidents: false,
    async send(notice, signal) {
      const body = JSON.stringify(payloadOf(notice));
      const id = `msg_${sha256(`${name}\n${notice.dedupeKey}`).slice(0, 32)}`;
      const timestamp = String(Math.floor(clock.nowMs() / 1000));
      const signature = key === null ? {} : { "webhook-signature": signWebhook(key, id, timestamp, body) };
      const headers = {
        ...options.headers,
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        ...signature,
      };
      await postJson(options, { url, headers, body }, signal);
    },
  };
}

/** Where the spec speaks of the type of event, `type`; ours are all of one family. */
function payloadOf({ event, title, text, url, runId, thread }: Notice) {
  return { type: `nightshift.${event}`, data: { event, title, text, url, run: runId, thread } };
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
