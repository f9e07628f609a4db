// The `auth:` of a source as written in the settings, up to the secrets that authenticate() uses.
import { describe, expect, test } from "vitest";
import { sourceAuthSchema } from "../../../src/access/source-auth/schema.ts";
import { resolveSourceAuth } from "../../../src/access/source-auth/resolve.ts";
import { SecretError, type SecretReaders } from "../../../src/platform/secrets.ts";

const KEY = Buffer.alloc(24, 7);
const READERS: SecretReaders = {
  readFile: (path) => Promise.resolve(`content of ${path}\n`),
  env: { KEY: `whsec_${KEY.toString("base64")}` },
  runCommand: () => Promise.reject(new Error("no command expected")),
};

test.each([
  ["none", { kind: "none" }],
  [{ bearer: { file: "/t" } }, { kind: "bearer", tokens: ["content of /t"] }],
  [
    { bearer: [{ file: "/new" }, { file: "/old" }] },
    { kind: "bearer", tokens: ["content of /new", "content of /old"] },
  ],
  [
    { basic: { username: "am", password: { file: "/p" } } },
    { kind: "basic", username: "am", passwords: ["content of /p"] },
  ],
  [
    { hmac: { secret: { file: "/s" } } },
    {
      kind: "hmac",
      secrets: ["content of /s"],
      header: "x-grafana-alerting-signature",
      timestampHeader: null,
      toleranceMs: 300_000,
    },
  ],
  [
    { hmac: { secret: { file: "/s" }, timestamp_header: "X-Time", header: "X-Sig", tolerance: "1m" } },
    {
      kind: "hmac",
      secrets: ["content of /s"],
      header: "x-sig",
      timestampHeader: "x-time",
      toleranceMs: 60_000,
    },
  ],
  [
    { standard_webhooks: { secret: { env: "KEY" } } },
    { kind: "standard_webhooks", secrets: [KEY], toleranceMs: 300_000 },
  ],
])("%j", async (settings, expected) => {
  expect(await resolveSourceAuth(sourceAuthSchema.parse(settings), READERS)).toEqual(expected);
});

describe("refuses", () => {
  test.each([
    ["a plain secret", { bearer: "hunter2" }],
    ["three secrets", { bearer: [{ file: "1" }, { file: "2" }, { file: "3" }] }],
    ["no secret", { bearer: [] }],
    ["two kinds", { bearer: { file: "1" }, basic: { username: "a", password: { file: "b" } } }],
    ["no kind", {}],
    ["an unknown key", { hmac: { secret: { file: "1" }, algorithm: "md5" } }],
    ["a user name with a colon", { basic: { username: "a:b", password: { file: "1" } } }],
    ["a header name with a space", { hmac: { secret: { file: "1" }, header: "X Sig" } }],
    ["a tolerance that is no duration", { hmac: { secret: { file: "1" }, tolerance: 300 } }],
  ])("%s", (_name, settings) => {
    expect(sourceAuthSchema.safeParse(settings).success).toBe(false);
  });

  test("a Standard Webhooks secret that is none, without showing it", async () => {
    const settings = sourceAuthSchema.parse({ standard_webhooks: { secret: { file: "/hunter2" } } });
    const resolved = resolveSourceAuth(settings, READERS);
    await expect(resolved).rejects.toThrow(SecretError);
    await expect(resolved).rejects.not.toThrow("content of");
  });
});
