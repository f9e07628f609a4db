// Proves that no value from outside leaves its place in a request: in the URL, in a header, in JSON, in a query.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ExpressionError } from "../../src/expressions/expression.ts";
import { createPeerHttpClient } from "../../src/outbound/http-client.ts";
import { bindPromql } from "../../src/outbound/promql.ts";
import { renderStep } from "../../src/runbooks/render.ts";
import type { HttpSpec } from "../../src/runbooks/verbs/http.ts";
import { runbookOf } from "../runbooks/runbook-text.ts";
import { injectionCorpus } from "../support/injection-corpus.ts";
import { startServer } from "./http-server.ts";
import { isInstalled, type RunningProgram, startProgram } from "./program.ts";

/** What ends the parts of a request, beside what ends those of a command. */
const HTTP_VALUES = [
  "a/../../admin",
  "/admin",
  "//evil.example/",
  "?admin=1",
  "x#",
  "x&admin=1",
  "x;admin=1",
  "%2e%2e/%2e%2e",
  "..\\..\\admin",
  "@evil.example",
  ":80@evil.example",
  "evil.example:80/",
  "%0d%0aX-Injected: yes",
  "x HTTP/1.1\r\nHost: evil.example\r\n\r\nGET /admin",
  "\tx",
  "[::1]",
  "\ud800",
];
const DOTS = [".", "..", "%2e", ".%2E", ""];
const values = [...injectionCorpus("/tmp/canary").map(({ value }) => value), ...HTTP_VALUES, ...DOTS];

function specOf(http: string, value: string): HttpSpec {
  const runbook = runbookOf(`- http: ${http}`, "{value: {type: string}}");
  const [step] = runbook.steps;
  if (step === undefined) throw new Error("no step");
  const variables = { inputs: { value }, steps: {}, run: {} };
  const { action } = renderStep(runbook, step, variables);
  if (action.verb !== "http") throw new Error("no http step");
  return action.spec;
}

function renderedOr(http: string, value: string): HttpSpec | ExpressionError {
  try {
    return specOf(http, value);
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
}

const client = createPeerHttpClient();
async function send({ method, url, headers, payload }: HttpSpec): Promise<void> {
  const body = payload.kind === "json" ? { body: JSON.stringify(payload.json) } : {};
  await client.request({ method, url, headers, ...body, timeoutMs: 10_000, bodyBytesMax: 1_000 });
}

/** The value as the other side gets it: half of a surrogate pair is no text that could be sent. */
const asSent = (value: string) => value.toWellFormed();

function decoded(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}

const HOST_PLACE = '{url: "http://${{ inputs.value }}:8080/"}';

describe("a value in a URL", () => {
  const place = (port: number) =>
    `http://127.0.0.1:${port}/items/\${{ inputs.value }}/parts?of=\${{ inputs.value }}&fixed=1`;
  const isAt = (url: string, value: string) => {
    const [path = "", query = ""] = url.split("?");
    const segments = path.split("/").slice(1);
    const parameters = [...new URLSearchParams(query)];
    return (
      segments.length === 3 &&
      segments[0] === "items" &&
      decoded(segments[1] ?? "") === asSent(value) &&
      segments[2] === "parts" &&
      JSON.stringify(parameters) ===
        JSON.stringify([
          ["of", asSent(value)],
          ["fixed", "1"],
        ])
    );
  };

  test("is one segment of the path and one parameter, or is refused", async () => {
    const server = await startServer((response) => response.end());
    const [refused, moved]: [string[], string[]] = [[], []];
    for (const value of values) {
      const url = `{url: "${place(server.port)}"}`;
      const spec = renderedOr(url, value);
      if (spec instanceof ExpressionError) {
        refused.push(value);
        continue;
      }
      await send(spec);
      const last = server.seen.at(-1);
      expect(last?.headers.host).toBe(`127.0.0.1:${server.port}`);
      if (!isAt(last?.url ?? "", value)) moved.push(value);
    }
    expect(moved).toEqual([]);
    // No escaping keeps these from being another path.
    expect(new Set(refused)).toEqual(new Set([".", "..", ""]));
    expect(server.seen).toHaveLength(values.length - refused.length);
    console.log(`PROMISE S1 sink=url values=${values.length} refused=${refused.length} moved=0 ok`);
  });

  test("put together by hand, many values lead elsewhere", async () => {
    const server = await startServer((response) => response.end());
    let moved = 0;
    for (const value of values) {
      const url = `http://127.0.0.1:${server.port}/items/${value}/parts?of=${value}&fixed=1`;
      await send({ ...specOf('{url: "http://x/"}', ""), url });
      if (!isAt(server.seen.at(-1)?.url ?? "", value)) moved += 1;
    }
    expect(moved).toBeGreaterThan(20);
  });

  test.each([
    ["web-1", "http://web-1:8080/"],
    ["10.0.0.1", "http://10.0.0.1:8080/"],
    ["fd12::1", "http://[fd12::1]:8080/"],
    ["[fd12::1]", "http://[fd12::1]:8080/"],
  ])("in the host's place %j gives %s", (value, expected) => {
    expect(specOf(HOST_PLACE, value).url).toBe(expected);
  });

  test.each([
    "web-1/@evil.example",
    "user@evil.example",
    "evil.example#",
    "evil.example?",
    "evil.example\\",
    "evil.example:80/",
    "a b",
    "[fd12::1]/",
    "fe80::1%eth0",
    "",
  ])("in the host's place %j is refused", (value) => {
    expect(() => specOf(HOST_PLACE, value)).toThrow("stands where the URL has its host");
  });

  test("that is the whole URL, or its beginning, stays as it is", () => {
    const value = "http://web-1:8080/a/b?c=d";
    expect(specOf('{url: "${{ inputs.value }}"}', value).url).toBe(value);
    expect(specOf('{url: "${{ inputs.value }}&e=${{ inputs.value }}"}', value).url).toBe(
      `${value}&e=${encodeURIComponent(value)}`,
    );
  });
});

test("a value in a header is that header's value, or is refused before anything is sent", async () => {
  const server = await startServer((response) => response.end());
  const refusals: { readonly value: string; readonly error: unknown }[] = [];
  for (const value of values) {
    const spec = specOf(
      `{url: "http://127.0.0.1:${server.port}/", headers: {X-Value: "\${{ inputs.value }}", X-Fixed: "1"}}`,
      value,
    );
    const error = await send(spec).then(
      () => null,
      (reason: unknown) => reason,
    );
    if (error !== null) {
      refusals.push({ value, error });
      continue;
    }
    const headers = server.seen.at(-1)?.headers ?? {};
    expect(Object.keys(headers).sort()).toEqual([
      "accept-encoding",
      "connection",
      "host",
      "user-agent",
      "x-fixed",
      "x-value",
    ]);
    expect(Buffer.from(String(headers["x-value"]), "latin1").toString("latin1").trim()).toBe(value.trim());
  }
  expect(server.seen).toHaveLength(values.length - refusals.length);
  for (const { value, error } of refusals) {
    expect(error).toMatchObject({ name: "OutboundError", code: "invalid-request", didNotStart: true });
    // It may be a secret.
    expect(value.length <= 3 || !String(error).includes(value)).toBe(true);
  }
  const refused = new Set(refusals.map(({ value }) => value));
  expect(values.filter((value) => /[\r\n\0]/.test(value) && !refused.has(value))).toEqual([]);
  expect(refused.size).toBeLessThan(values.length / 2);
  console.log(`PROMISE S1 sink=header values=${values.length} refused=${refused.size} injected=0 ok`);
});

test("a value in JSON is a text in it", async () => {
  const server = await startServer((response) => response.end());
  for (const value of values) {
    await send(
      specOf(
        `{method: POST, url: "http://127.0.0.1:${server.port}/", json: {value: "\${{ inputs.value }}", fixed: {in: "a \${{ inputs.value }} b"}}}`,
        value,
      ),
    );
    // JSON writes half of a surrogate pair as an escape.
    expect(JSON.parse(server.seen.at(-1)?.body ?? "")).toEqual({ value, fixed: { in: `a ${value} b` } });
  }
  console.log(`PROMISE S1 sink=json values=${values.length} injected=0 ok`);
});

describe.skipIf(!isInstalled("prometheus"))("a value in a query, as Prometheus itself reads it", () => {
  let program: RunningProgram;
  beforeAll(async () => {
    program = await startProgram({
      program: "prometheus",
      config: "global: {}\n",
      args: (folder, port) => [
        `--config.file=${folder}/config.yml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
    });
  });
  afterAll(() => program.stop());

  /** The query as Prometheus writes what it parsed; null when it could not. */
  async function parsed(query: string): Promise<string | null> {
    const body = new URLSearchParams({ query });
    const answer = await fetch(`${program.url}/api/v1/format_query`, { method: "POST", body });
    const json = (await answer.json()) as { status: string; data?: string };
    return json.status === "success" ? (json.data ?? "") : null;
  }
  const QUERY =
    'sum by (job) (rate(x{instance=~$pattern, job!="fixed", path=$text}[5m])) / on (job) group_left () y{a=~$pattern} > 2';
  const bind = (value: string) =>
    bindPromql(QUERY, {
      text: { kind: "text", value },
      // oxlint-disable-next-line unicorn/no-thenable -- the word of the runbook language
      pattern: { kind: "regex_of", value, then: ":[0-9]+" },
    });
  /** Without what stands in its strings, and without the line breaks that long ones cause. */
  const shape = (text: string) => text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '"…"').replaceAll(/\s+/g, "");

  test("no value changes what the query is", async () => {
    const random = Array.from({ length: 300 }, (_, index) => hostileText(index));
    const all = [...values, ...random];
    const expected = shape((await parsed(bind("plain"))) ?? "no query");
    const otherwise: string[] = [];
    for (const value of all) {
      const text = await parsed(bind(value));
      if (text === null || shape(text) !== expected) otherwise.push(value);
    }
    expect(otherwise).toEqual([]);
    console.log(`PROMISE S1 sink=promql values=${all.length} parsed_otherwise=0 ok`);
  });

  test("put together by hand, many values do", async () => {
    const expected = shape((await parsed(bind("plain"))) ?? "no query");
    let changed = 0;
    for (const value of values) {
      const text = await parsed(QUERY.replaceAll("$pattern", `"${value}"`).replaceAll("$text", `"${value}"`));
      if (text === null || shape(text) !== expected) changed += 1;
    }
    expect(changed).toBeGreaterThan(10);
  });

  test("an author's own mistake is one that Prometheus refuses", async () => {
    expect(await parsed(`${QUERY} }`)).toBeNull();
  });
});

/** Texts of what quotes, comments, escapes and other scripts are made of; the same for the same number. */
function hostileText(seed: number): string {
  const pieces = [
    '"',
    "'",
    "`",
    "\\",
    "\n",
    "\r",
    "#",
    "}",
    "{",
    ")",
    "$x",
    "${",
    "\u0000",
    "\u2028",
    "é",
    "日",
    "🦊",
    "\\u0022",
    "\\x22",
    " or ",
    "a",
    "[5m]",
    "\ud800",
  ];
  let state = (seed + 1) * 2_654_435_761;
  return Array.from({ length: 1 + (seed % 12) }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return pieces[Math.floor(state / 65_536) % pieces.length] ?? "";
  }).join("");
}
