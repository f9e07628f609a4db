import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { inspect } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { createWebhookNotifier, signWebhook } from "../../src/notify/webhook.ts";
import { createPeerHttpClient } from "../../src/outbound/http-client.ts";
import { type Clock, systemClock } from "../../src/platform/clock.ts";

const NOTICE = {
  event: "failed",
  title: "restart-web on web-1: the run failed",
  text: "look at it",
  url: "http://nightshift/runs/1",
  runId: "1",
  thread: "thread-1",
  dedupeKey: "1:failed:oncall",
};
const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function receiver(status = 204): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      received.push({ headers: request.headers, body: body.toString() });
      if (status === 302) response.setHeader("location", "/elsewhere");
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/secret-path`, received };
}

function notifier(
  url: string,
  changes: { secret?: string | null; nowMs?: () => number; timeoutMs?: number } = {},
) {
  const clock: Clock = { ...systemClock, ...(changes.nowMs === undefined ? {} : { nowMs: changes.nowMs }) };
  return createWebhookNotifier({
    name: "oncall",
    url,
    headers: { "x-extra": "1" },
    secret: changes.secret === undefined ? SECRET : changes.secret,
    timeoutMs: changes.timeoutMs ?? 2_000,
    http: createPeerHttpClient(),
    clock,
  });
}

const never = new AbortController().signal;

test("posts the notice, signed as Standard Webhooks says", async () => {
  const { url, received } = await receiver();
  await notifier(url).send(NOTICE, never);
  const { headers, body } = received[0] ?? { headers: {}, body: "" };
  expect(JSON.parse(body)).toEqual({
    type: "nightshift.failed",
    data: {
      event: "failed",
      title: NOTICE.title,
      text: NOTICE.text,
      url: NOTICE.url,
      run: "1",
      thread: "thread-1",
    },
  });
  const signed = [headers["webhook-id"], headers["webhook-timestamp"], body].join(".");
  const signature = createHmac("sha256", Buffer.alloc(32, 7)).update(signed).digest("base64");
  expect(headers).toMatchObject({
    "webhook-signature": `v1,${signature}`,
    "content-type": "application/json",
    "x-extra": "1",
  });
  expect(Math.abs(Number(headers["webhook-timestamp"]) - Date.now() / 1000)).toBeLessThan(60);
});

test("signs as the reference vector of Standard Webhooks", async () => {
  // From the documentation of the reference libraries: secret, id, timestamp and payload have this signature.
  const key = Buffer.from("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "base64");
  expect(signWebhook(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", '{"test": 2432232314}')).toBe(
    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  );
});

test("keeps the id and makes a new timestamp when it is tried again", async () => {
  const { url, received } = await receiver();
  let nowMs = 1_000_000_000_000;
  const each = notifier(url, { nowMs: () => nowMs });
  await each.send(NOTICE, never);
  nowMs += 60_000;
  await each.send(NOTICE, never);
  await each.send({ ...NOTICE, dedupeKey: "another" }, never);
  const [first, second, third] = received.map(({ headers }) => headers);
  expect(second?.["webhook-id"]).toBe(first?.["webhook-id"]);
  expect(second?.["webhook-timestamp"]).toBe("1000000060");
  expect(second?.["webhook-signature"]).not.toBe(first?.["webhook-signature"]);
  expect(third?.["webhook-id"]).not.toBe(first?.["webhook-id"]);
});

test("sends no signature without a secret", async () => {
  const { url, received } = await receiver();
  await notifier(url, { secret: null }).send(NOTICE, never);
  expect(received[0]?.headers).not.toHaveProperty("webhook-signature");
});

test.each([
  [500, true],
  [429, true],
  [400, false],
  [302, false],
])("an answer %d is a refusal, worth another try: %s", async (status, isRetryable) => {
  const { url } = await receiver(status);
  await expect(notifier(url).send(NOTICE, never)).rejects.toMatchObject({
    code: "refused",
    isRetryable,
    didNotStart: false,
    message: `notifier oncall: the receiver answered HTTP ${status}`,
  });
});

test("a receiver that is away is told without its URL, which may be a secret", async () => {
  const failure = notifier("http://127.0.0.1:1/hook/secret-path").send(NOTICE, never);
  await expect(failure).rejects.toMatchObject({
    code: "unreachable",
    isRetryable: true,
    didNotStart: true,
  });
  expect(inspect(await failure.catch((error: unknown) => error), { depth: 10 })).not.toContain("secret-path");
});

test("stops when it is told to", async () => {
  const { url } = await receiver();
  await expect(notifier(url).send(NOTICE, AbortSignal.abort())).rejects.toMatchObject({ code: "aborted" });
});

test.each(["", "whsec_", "whsec_c2hvcnQ=", "plain-text-secret-of-sufficient-length"])(
  "refuses %j as a secret",
  (secret) => {
    expect(() => notifier("http://x", { secret })).toThrow("whsec_");
  },
);
