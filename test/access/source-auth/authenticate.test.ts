// Who may deliver. Numbers as in the bad-input catalogue.
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, request as httpRequest, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import {
  authenticate,
  authenticateHeadersFirst,
  type AuthRequest,
  type AuthResult,
  needsBody,
  type SourceAuth,
} from "../../../src/access/source-auth/authenticate.ts";
import { standardWebhooksKey } from "../../../src/access/source-auth/standard-webhooks.ts";

interface Vectors {
  grafana: { secret: string; body: string; timestamp?: string | null; signature: string }[];
  standardWebhooks: (Record<"webhook-id" | "webhook-timestamp" | "webhook-signature", string> & {
    secret: string;
    body: string;
  })[];
}
const VECTORS = JSON.parse(
  readFileSync(
    new URL("../../fixtures/webhooks/vectors-signatures-fingerprints.json", import.meta.url),
    "utf8",
  ),
) as Vectors;

const NOW_MS = 1_772_622_133_500;
const NOW_S = "1772622133";
const SIGNATURE = "x-grafana-alerting-signature";
const TIMESTAMP = "x-grafana-alerting-timestamp";

/** A request with these headers, each as often as it is listed. */
function request(pairs: readonly (readonly [string, string])[], body = "", nowMs = NOW_MS): AuthRequest {
  const headers: Record<string, string> = {};
  // As Node does it for headers it does not know: joined with a comma.
  for (const [name, value] of pairs) {
    const before = headers[name.toLowerCase()];
    headers[name.toLowerCase()] = before === undefined ? value : `${before}, ${value}`;
  }
  return { headers, rawHeaders: pairs.flat(), body: Buffer.from(body), nowMs };
}

const reasonOf = (result: AuthResult): string => (result.ok ? "ok" : result.reason);
const check = (
  auth: SourceAuth,
  pairs: readonly (readonly [string, string])[],
  body?: string,
  nowMs?: number,
) => reasonOf(authenticate(auth, request(pairs, body, nowMs)));

describe("none", () => {
  test("lets everybody in", () => {
    expect(check({ kind: "none" }, [])).toBe("ok");
  });
});

describe("bearer", () => {
  const auth: SourceAuth = { kind: "bearer", tokens: ["new-token", "old-token"] };
  test.each([
    ["Bearer new-token", "ok"],
    ["Bearer old-token", "ok"],
    ["bearer  new-token", "ok"],
    ["Bearer new-toke", "mismatch"],
    ["Bearer new-token1", "mismatch"],
    ["Bearer NEW-TOKEN", "mismatch"],
    ["Bearer", "malformed"],
    ["Bearer a b", "malformed"],
    ["new-token", "malformed"],
    ["Basic bmV3LXRva2Vu", "malformed"],
    ["", "missing"],
  ])("%j is %s", (header, expected) => {
    expect(check(auth, [["Authorization", header]])).toBe(expected);
    expect(reasonOf(authenticateHeadersFirst(auth, request([["Authorization", header]])))).toBe(expected);
  });
  test("is refused when absent, or sent twice", () => {
    expect(check(auth, [])).toBe("missing");
    expect(
      check(auth, [
        ["Authorization", "Bearer new-token"],
        ["authorization", "Bearer new-token"],
      ]),
    ).toBe("doubled");
  });
});

describe("basic", () => {
  const auth: SourceAuth = { kind: "basic", username: "am", passwords: ["pä:ss", "old"] };
  const basic = (pair: string) => `Basic ${Buffer.from(pair).toString("base64")}`;
  test.each([
    [basic("am:pä:ss"), "ok"],
    [basic("am:old"), "ok"],
    [basic("am:wrong"), "mismatch"],
    [basic("other:old"), "mismatch"],
    [basic("am"), "mismatch"],
    ["Basic !!!", "malformed"],
    ["Bearer old", "malformed"],
  ])("%j is %s", (header, expected) => {
    expect(check(auth, [["authorization", header]])).toBe(expected);
  });
});

describe("hmac without a timestamp", () => {
  const [vector] = VECTORS.grafana.filter(({ timestamp, body }) => !timestamp && body !== "");
  if (vector === undefined) throw new Error("no vector");
  const auth = (...secrets: string[]): SourceAuth => ({
    kind: "hmac",
    secrets,
    header: SIGNATURE,
    timestampHeader: null,
    toleranceMs: 300_000,
  });
  const { secret, body, signature } = vector;
  test.each<[string, string, string]>([
    ["the right one", signature, "ok"],
    ["73, 74 empty", "", "missing"],
    ["75 too short", signature.slice(1), "malformed"],
    ["75 too long", `${signature}0`, "malformed"],
    ["77 upper-case", signature.toUpperCase(), "malformed"],
    ["a prefix", `sha256=${signature}`, "malformed"],
    ["no hex", `${signature.slice(1)}g`, "malformed"],
    ["one bit changed", `2${signature.slice(1)}`, "mismatch"],
  ])("%s", (_name, text, expected) => {
    expect(check(auth(secret), [[SIGNATURE, text]], body)).toBe(expected);
  });
  test("73 absent, 78 sent twice", () => {
    expect(check(auth(secret), [], body)).toBe("missing");
    expect(
      check(
        auth(secret),
        [
          [SIGNATURE, signature],
          [SIGNATURE, signature],
        ],
        body,
      ),
    ).toBe("doubled");
  });
  test("76 covers the exact bytes, not what they mean", () => {
    const json = '{ "a": 1 }';
    const signed = createHmac("sha256", secret)
      .update(JSON.stringify(JSON.parse(json)))
      .digest("hex");
    expect(check(auth(secret), [[SIGNATURE, signed]], json)).toBe("mismatch");
  });
  test("79 both secrets hold while one replaces the other; 82 another source's does not", () => {
    expect(check(auth("new", secret), [[SIGNATURE, signature]], body)).toBe("ok");
    expect(check(auth("new"), [[SIGNATURE, signature]], body)).toBe("mismatch");
  });
});

describe("hmac with a timestamp", () => {
  const auth: SourceAuth = {
    kind: "hmac",
    secrets: ["s3cr3t"],
    header: SIGNATURE,
    timestampHeader: TIMESTAMP,
    toleranceMs: 300_000,
  };
  const sign = (timestamp: string) =>
    createHmac("sha256", "s3cr3t").update(`${timestamp}:body`).digest("hex");
  const at = (timestamp: string) =>
    check(
      auth,
      [
        [SIGNATURE, sign(timestamp)],
        [TIMESTAMP, timestamp],
      ],
      "body",
    );

  test.each([
    [NOW_S, "ok"],
    [String(Number(NOW_S) - 300), "ok"],
    [String(Number(NOW_S) + 300), "ok"],
    [String(Number(NOW_S) - 301), "outside_tolerance"],
    [String(Number(NOW_S) + 301), "outside_tolerance"],
    ["0", "outside_tolerance"],
    [`${NOW_S}500`, "malformed"],
    ["-1772622133", "malformed"],
    ["NaN", "malformed"],
    ["1.7e9", "malformed"],
    [`${NOW_S}.5`, "malformed"],
    [` ${NOW_S}`, "malformed"],
  ])("80 %j is %s", (timestamp, expected) => {
    expect(at(timestamp)).toBe(expected);
  });
  test("the timestamp is signed, and needed", () => {
    expect(
      check(
        auth,
        [
          [SIGNATURE, sign("1")],
          [TIMESTAMP, NOW_S],
        ],
        "body",
      ),
    ).toBe("mismatch");
    expect(check(auth, [[SIGNATURE, sign(NOW_S)]], "body")).toBe("missing");
    expect(
      check(
        auth,
        [
          [SIGNATURE, sign(NOW_S)],
          [TIMESTAMP, NOW_S],
          [TIMESTAMP, NOW_S],
        ],
        "body",
      ),
    ).toBe("doubled");
  });
  test.each(VECTORS.grafana)("vector $signature", ({ secret, body, timestamp, signature }) => {
    const isTimed = typeof timestamp === "string";
    const vectorAuth: SourceAuth = {
      ...auth,
      secrets: [secret],
      timestampHeader: isTimed ? TIMESTAMP : null,
    };
    const pairs: [string, string][] = [["X-Grafana-Alerting-Signature", signature]];
    if (isTimed) pairs.push(["X-Grafana-Alerting-Timestamp", timestamp]);
    expect(check(vectorAuth, pairs, body, isTimed ? Number(timestamp) * 1000 : NOW_MS)).toBe("ok");
  });
});

describe("standard webhooks", () => {
  const [vector] = VECTORS.standardWebhooks;
  if (vector === undefined) throw new Error("no vector");
  const key = standardWebhooksKey(vector.secret) ?? Buffer.alloc(0);
  const auth: SourceAuth = { kind: "standard_webhooks", secrets: [key], toleranceMs: 300_000 };
  const vectorNowMs = Number(vector["webhook-timestamp"]) * 1000;
  const good = vector["webhook-signature"];
  const other = `v1,${Buffer.alloc(32).toString("base64")}`;
  const withHeaders = (changes: Record<string, string>, keyed: SourceAuth = auth) => {
    const names = ["webhook-id", "webhook-timestamp", "webhook-signature"] as const;
    return check(
      keyed,
      names.map((name) => [name, changes[name] ?? vector[name]] as const),
      vector.body,
      vectorNowMs,
    );
  };

  test.each<[string, Record<string, string>, string]>([
    ["the published vector", {}, "ok"],
    ["one of several signatures", { "webhook-signature": `${other} v1a,xyz ${good}` }, "ok"],
    ["another signature", { "webhook-signature": other }, "mismatch"],
    ["only another version", { "webhook-signature": good.replace("v1,", "v1a,") }, "malformed"],
    ["no version", { "webhook-signature": good.slice(3) }, "malformed"],
    ["a cut signature", { "webhook-signature": good.slice(0, -2) }, "malformed"],
    ["another id", { "webhook-id": "msg_other" }, "mismatch"],
    ["an id with a dot", { "webhook-id": "msg.1" }, "malformed"],
    ["another time", { "webhook-timestamp": String(vectorNowMs / 1000 + 1) }, "mismatch"],
    ["an old time", { "webhook-timestamp": String(vectorNowMs / 1000 - 301) }, "outside_tolerance"],
    ["milliseconds", { "webhook-timestamp": String(vectorNowMs) }, "malformed"],
    ["no id", { "webhook-id": "" }, "missing"],
  ])("%s", (_name, changes, expected) => {
    expect(withHeaders(changes)).toBe(expected);
  });
  test("two keys hold at once", () => {
    expect(withHeaders({}, { ...auth, secrets: [Buffer.alloc(24), key] })).toBe("ok");
    expect(withHeaders({}, { ...auth, secrets: [Buffer.alloc(24)] })).toBe("mismatch");
  });
  test("the key is the base64 of 24 to 64 bytes", () => {
    expect(key).toHaveLength(24);
    expect(standardWebhooksKey(key.toString("base64"))).toEqual(key);
    for (const secret of [
      "",
      "whsec_",
      "whsec_short",
      `whsec_${Buffer.alloc(65).toString("base64")}`,
      "whsec_?".repeat(9),
    ])
      expect(standardWebhooksKey(secret)).toBeUndefined();
  });
  test("needs its headers before the body is read", () => {
    expect(reasonOf(authenticateHeadersFirst(auth, request([["webhook-id", "a"]])))).toBe("missing");
    expect(needsBody(auth)).toBe(true);
    expect(needsBody({ kind: "none" })).toBe(false);
  });
});

test("a doubled signature is seen in what Node itself makes of a request", async () => {
  const results: string[] = [];
  const auth: SourceAuth = { kind: "bearer", tokens: ["token"] };
  const server = createServer((incoming, response) => {
    results.push(reasonOf(authenticateHeadersFirst(auth, incoming)));
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const send = (headers: string[]) =>
    new Promise<void>((resolve, reject) => {
      const sent = httpRequest(
        { port, host: "127.0.0.1", headers: ["Host", "x", ...headers] },
        (answer: IncomingMessage) => answer.resume().once("end", resolve),
      );
      sent.once("error", reject).end();
    });
  try {
    await send(["Authorization", "Bearer token"]);
    await send(["Authorization", "Bearer token", "authorization", "Bearer other"]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
  expect(results).toEqual(["ok", "doubled"]);
});
