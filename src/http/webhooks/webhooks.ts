import type { IncomingMessage, ServerResponse } from "node:http";
import {
  authenticate,
  type AuthRefusal,
  authenticateHeadersFirst,
  needsBody,
  type SourceAuth,
} from "../../access/source-auth/authenticate.ts";
import { type Delivery, DeliveryError } from "../../alerts/alert.ts";
import type { Source } from "../../engine/dependencies.ts";
import { type Intake, IntakeUnavailableError } from "../../engine/intake.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import type { Metrics } from "../../platform/metrics.ts";
import { type Body, type BodyRoom, createBodyRoom, discardRest, readBody } from "../body.ts";
import { HttpProblem, RETRY_AFTER_S, sendProblem, UNAVAILABLE } from "../problems.ts";
import type { BodyParser } from "./body-parser.ts";

/** A source with its secrets as read. Replaced whole at a reload. */
export interface WebhookSource {
  readonly source: Source;
  readonly auth: SourceAuth;
}

export interface WebhookDependencies {
  readonly sources: () => ReadonlyMap<string, WebhookSource>;
  readonly parser: BodyParser;
  readonly intake: Intake;
  readonly limits: { readonly bodyBytesMax: number; readonly refusedBodyBytesMax: number };
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/**
 * Bytes of all bodies that are read or wait to be stored. A storm of ordinary deliveries needs a tenth of it; without a bound 2,000
 * connections with bodies of 16 MiB would need 32 GiB.
 */
const BODIES_BYTES_MAX = 256 * 1024 * 1024;

interface Receiver extends WebhookDependencies {
  readonly room: BodyRoom;
}

/** The part of an address that names a source. Prometheus and vmalert append a path of Alertmanager's API to what they are given. */
const ADDRESS = /^(?:https?:\/\/[^/?]*)?\/webhooks\/([^/?]+)(?:\/api\/v2\/alerts)?\/?(?:\?|$)/i;

/** Answers a request of a source. False, and nothing is done, when it is none. */
export type ReceiveWebhook = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * The hot path. Answers 202 only after the commit; 503 when nothing could be stored, which Alertmanager retries. Never 429 and
 * never a redirect: it gives up on those. Not a route of Express, which costs as much as reading and checking the body.
 */
export function createWebhooks(dependencies: WebhookDependencies): ReceiveWebhook {
  // At least one body of the largest size must have room beside others.
  const room = createBodyRoom(Math.max(BODIES_BYTES_MAX, 2 * dependencies.limits.bodyBytesMax));
  const receiver = { ...dependencies, room };
  return (request, response) => {
    const segment = ADDRESS.exec(request.url ?? "")?.[1];
    if (segment === undefined) return false;
    const name = decoded(segment);
    if (request.method === "POST" || request.method === "PUT")
      receiveDelivery(receiver, name, request, response).catch((error: unknown) =>
        refuse(dependencies, name, { request, response, error }),
      );
    else sendProblem(response, ONLY_POST, pathOf(request));
    return true;
  };
}

/** What is no text names no source. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "").split("?", 1)[0] ?? "";
}

const ONLY_POST = new HttpProblem(405, "Method not allowed", "deliver with POST or PUT", {
  headers: { allow: "POST, PUT" },
});

async function receiveDelivery(
  dependencies: Receiver,
  name: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const receivedAtMs = dependencies.clock.nowMs();
  const found = dependencies.sources().get(name);
  if (found === undefined)
    throw new HttpProblem(404, "Unknown source", "no source of this name is configured");
  checkEncoding(request);
  const early = authenticateHeadersFirst(found.auth, request);
  const { limits, room } = dependencies;
  const body = await readBody(request, early.ok ? limits.bodyBytesMax : limits.refusedBodyBytesMax, room);
  try {
    if (!early.ok) throw unauthorized(found.auth, early.reason);
    const bytes = authenticatedBytes(dependencies, found.auth, request, body, receivedAtMs);
    if (bytes !== null) await takeIn(dependencies, found.source, { request, response, bytes, receivedAtMs });
  } finally {
    if (body.kind === "whole") room.give(body.bytes.byteLength);
  }
}

interface Received {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly bytes: Buffer;
  readonly receivedAtMs: number;
}

async function takeIn(
  dependencies: WebhookDependencies,
  source: Source,
  { request, response, bytes, receivedAtMs }: Received,
): Promise<void> {
  const contentType = request.headers["content-type"];
  const delivery = await dependencies.parser.parse(source, { bytes, contentType }, receivedAtMs);
  if (delivery.alerts.length + delivery.invalid.length === 0)
    return answer(dependencies, response, source, 200, null, delivery);
  const id = await dependencies.intake.submit({ source, delivery, body: bytes, receivedAtMs });
  const isTest = delivery.alerts.length > 0 && delivery.alerts.every((alert) => alert.nature === "test");
  answer(dependencies, response, source, isTest ? 200 : 202, id, delivery);
}

function answer(
  dependencies: WebhookDependencies,
  response: ServerResponse,
  source: Source,
  status: 200 | 202,
  id: string | null,
  delivery: Delivery,
): void {
  dependencies.metrics.deliveries.inc({
    source: source.name,
    result: status === 202 ? "accepted" : "nothing_to_do",
  });
  const text = JSON.stringify({ delivery: id, alerts: delivery.alerts.length });
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

/** The body's bytes, once its sender is known. Null when the sender went away. */
function authenticatedBytes(
  { limits }: WebhookDependencies,
  auth: SourceAuth,
  request: IncomingMessage,
  body: Body,
  nowMs: number,
): Buffer | null {
  switch (body.kind) {
    case "aborted":
      return null;
    case "too_large": {
      const detail = `the body is larger than ${limits.bodyBytesMax} bytes; set limits.body, or max_alerts in the sender`;
      throw new HttpProblem(413, "Body too large", detail);
    }
    case "no_room":
      throw new HttpProblem(503, "Unavailable", "too many large bodies wait to be stored", {
        headers: { "retry-after": RETRY_AFTER_S },
      });
    case "whole": {
      if (!needsBody(auth)) return body.bytes;
      const { headers, rawHeaders } = request;
      const result = authenticate(auth, { headers, rawHeaders, body: body.bytes, nowMs });
      if (!result.ok) throw unauthorized(auth, result.reason);
      return body.bytes;
    }
  }
}

/** Remembers the reason for the log; the sender is told none of it. */
class Unauthorized extends HttpProblem {
  readonly reason: AuthRefusal;

  constructor(reason: AuthRefusal, headers: Readonly<Record<string, string>>) {
    super(401, "Not authenticated", "the request does not prove that it comes from this source", { headers });
    this.reason = reason;
  }
}

function unauthorized(auth: SourceAuth, reason: AuthRefusal): Unauthorized {
  const scheme =
    auth.kind === "bearer" ? "Bearer" : auth.kind === "basic" ? 'Basic realm="nightshift"' : null;
  return new Unauthorized(reason, scheme === null ? {} : { "www-authenticate": scheme });
}

function checkEncoding(request: IncomingMessage): void {
  const encoding = request.headers["content-encoding"];
  if (encoding === undefined || encoding === "identity") return;
  throw new HttpProblem(415, "Unsupported encoding", "send the body without compression");
}

interface Refused {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly error: unknown;
}

function refuse(
  dependencies: WebhookDependencies,
  name: string,
  { request, response, error }: Refused,
): void {
  const problem = toProblem(error, dependencies.log);
  const known = dependencies.sources().get(name);
  const source = known?.source.name ?? "unknown";
  const result = RESULTS[problem.status] ?? "refused";
  dependencies.metrics.deliveries.inc({ source, result });
  const reason = problem instanceof Unauthorized ? { reason: problem.reason } : {};
  dependencies.log.warn(
    { source, status: problem.status, ...reason, detail: problem.message },
    "delivery refused",
  );
  if (response.headersSent || response.destroyed) return;
  sendProblem(response, problem, pathOf(request));
  discardRest(request);
}

const RESULTS: Readonly<Record<number, string>> = {
  400: "invalid",
  401: "unauthenticated",
  404: "unknown_source",
  413: "too_large",
  415: "unsupported",
  503: "unavailable",
};

/** What a sender is told. */
const NOT_TAKEN: Readonly<Record<IntakeUnavailableError["code"], string>> = {
  ...UNAVAILABLE,
  overloaded: "too many deliveries wait to be stored",
  stopping: "the service is stopping",
};

function toProblem(error: unknown, log: Log): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (error instanceof DeliveryError) {
    const errors = error.problems
      .slice(0, 10)
      .map((problem) => ({ pointer: problem.pointer, code: error.code, message: problem.message }));
    if (error.code === "too_large") return new HttpProblem(413, "Too large", error.message, { errors });
    if (error.code === "unsupported_type")
      return new HttpProblem(415, "Unsupported type", error.message, { errors });
    return new HttpProblem(400, "Invalid delivery", error.message, { errors });
  }
  const headers = { "retry-after": RETRY_AFTER_S };
  if (error instanceof IntakeUnavailableError)
    return new HttpProblem(503, "Unavailable", NOT_TAKEN[error.code], { headers });
  // A fault of ours: nothing was stored, and a later try may find it mended. 500 would be retried too, but says less.
  log.error({ error }, "a delivery failed for a reason that nobody foresaw");
  return new HttpProblem(
    503,
    "Unavailable",
    "the delivery could not be stored; the log of the service says why",
    { headers },
  );
}
