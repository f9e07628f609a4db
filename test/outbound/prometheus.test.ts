// The query API against answers as Prometheus writes them, and against a real Prometheus where one is installed.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPeerHttpClient } from "../../src/outbound/http-client.ts";
import {
  chooseStepMs,
  createPrometheus,
  type Prometheus,
  PrometheusError,
} from "../../src/outbound/prometheus.ts";
import { bindPromql } from "../../src/outbound/promql.ts";
import { startServer } from "./http-server.ts";
import { isInstalled, type RunningProgram, startProgram } from "./program.ts";

const NOW_MS = 1_772_622_133_417;
const signal = new AbortController().signal;
const clientOf = (url: string): Prometheus =>
  createPrometheus({
    http: createPeerHttpClient(),
    url,
    headers: { authorization: "Bearer t" },
    timeoutMs: 5_000,
  });

async function answering(status: number, body: unknown) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const server = await startServer((response) => response.writeHead(status).end(text));
  return { ...server, prometheus: clientOf(`${server.url}/prefix/`) };
}
const success = (resultType: string, result: unknown) => ({
  status: "success",
  data: { resultType, result },
});

describe("results", () => {
  test("a vector, with every kind of number", async () => {
    const values = ["1.5", "NaN", "+Inf", "-Inf", "1e-7"];
    const result = values.map((value, index) => ({
      metric: { i: String(index) },
      value: [1772622133.417, value],
    }));
    const { prometheus, seen } = await answering(200, {
      ...success("vector", result),
      warnings: ["partial"],
    });
    const answer = await prometheus.query("up{a='b'}", NOW_MS, signal);
    expect(answer.kind).toBe("vector");
    expect(answer.warnings).toEqual(["partial"]);
    expect(answer.series.map(({ samples }) => samples)).toEqual(
      [1.5, NaN, Infinity, -Infinity, 1e-7].map((value) => [{ timeMs: NOW_MS, value }]),
    );
    expect(answer.series[0]?.labels).toEqual(new Map([["i", "0"]]));
    const url = new URL(seen[0]?.url ?? "", "http://x");
    expect(url.pathname).toBe("/prefix/api/v1/query");
    expect(Object.fromEntries(url.searchParams)).toEqual({
      query: "up{a='b'}",
      time: "1772622133.417",
      timeout: "5000ms",
    });
    expect(seen[0]).toMatchObject({ method: "GET", headers: { authorization: "Bearer t" } });
  });

  test("a matrix", async () => {
    const result = [
      {
        metric: { __name__: "up" },
        values: [
          [1, "0"],
          [2.5, "1"],
        ],
      },
    ];
    const { prometheus, seen } = await answering(200, success("matrix", result));
    const answer = await prometheus.queryRange("up", { startMs: NOW_MS - 3_600_000, endMs: NOW_MS }, signal);
    expect(answer.series[0]?.samples).toEqual([
      { timeMs: 1000, value: 0 },
      { timeMs: 2500, value: 1 },
    ]);
    const { searchParams } = new URL(seen[0]?.url ?? "", "http://x");
    expect(searchParams.get("step")).toBe("10.000");
    expect(searchParams.get("start")).toBe("1772618533.417");
  });

  test("a scalar is one series without labels, a string none", async () => {
    const scalar = await answering(200, success("scalar", [1, "3"]));
    expect((await scalar.prometheus.query("3", NOW_MS, signal)).series).toEqual([
      { labels: new Map(), samples: [{ timeMs: 1000, value: 3 }] },
    ]);
    const string = await answering(200, success("string", [1, "x"]));
    expect((await string.prometheus.query('"x"', NOW_MS, signal)).series).toEqual([]);
  });

  test("a long query is posted", async () => {
    const { prometheus, seen } = await answering(200, success("vector", []));
    const query = `up{a="${"x".repeat(5_000)}"}`;
    await prometheus.query(query, NOW_MS, signal);
    expect(seen[0]).toMatchObject({ method: "POST", url: "/prefix/api/v1/query" });
    expect(new URLSearchParams(seen[0]?.body).get("query")).toBe(query);
  });
});

describe("errors", () => {
  test.each<[string, number, unknown, string, string, boolean]>([
    [
      "a query that is wrong",
      400,
      { status: "error", errorType: "bad_data", error: "1:4: parse error" },
      "bad_data",
      "1:4: parse error",
      false,
    ],
    [
      "a query that takes too long",
      503,
      { status: "error", errorType: "timeout", error: "query timed out" },
      "timeout",
      "query timed out",
      true,
    ],
    ["a proxy's page", 502, "<html>", "bad_answer", "status 502 with a body that is not JSON", true],
    ["other JSON", 200, { status: "success" }, "bad_answer", "no answer of Prometheus", true],
  ])("%s", async (_name, status, body, code, message, isRetryable) => {
    const { prometheus } = await answering(status, body);
    const asked = prometheus.query("up", NOW_MS, signal);
    await expect(asked).rejects.toThrow(PrometheusError);
    await expect(asked).rejects.toMatchObject({
      code,
      isRetryable,
      message: expect.stringContaining(message),
    });
  });

  test("a range of more points than Prometheus gives is not even asked for", async () => {
    const { prometheus, seen } = await answering(200, success("matrix", []));
    for (const range of [
      { startMs: 0, endMs: 11_000_000, stepMs: 1_000 },
      { startMs: 1, endMs: 0 },
      { startMs: 0, endMs: 1, stepMs: 0 },
    ])
      await expect(prometheus.queryRange("up", range, signal)).rejects.toThrow(PrometheusError);
    expect(seen).toEqual([]);
  });
});

test.each([
  [0, 1_000],
  [60_000, 1_000],
  [3_600_000, 10_000],
  [86_400_000, 300_000],
  [30 * 86_400_000, 7_200_000],
  [400 * 86_400_000, 86_400_000],
  [3_650 * 86_400_000, 8 * 86_400_000],
])("a range of %i ms has a step of %i ms", (rangeMs, stepMs) => {
  expect(chooseStepMs(rangeMs)).toBe(stepMs);
  expect(rangeMs / stepMs).toBeLessThanOrEqual(500);
});

describe.skipIf(!isInstalled("prometheus"))("a real Prometheus", () => {
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

  test.each([
    "web-1",
    "a\"b\\c`d'e",
    "line\nbreak\r\ttab\u0001\u007f",
    '"} or vector(1) #',
    "日本 🔥 \u2028",
    "$1 ${x} $host",
  ])("reads the bound value %j as exactly that text", async (value) => {
    const bound = bindPromql("absent(up{x=$v})", { v: { kind: "text", value } });
    const { series } = await clientOf(program.url).query(bound, NOW_MS, signal);
    expect(series[0]?.labels.get("x")).toBe(value);
  });

  test("takes a quoted text as a regular expression of itself alone, then what the author wrote", async () => {
    const value = "a.b+c|(d)[e]{f}^\\";
    const hits = async (instance: string) => {
      const query = 'label_replace(label_replace(vector(1), "i", $i, "", ""), "hit", "yes", "i", $r)';
      const bound = bindPromql(query, {
        i: { kind: "text", value: instance },
        // oxlint-disable-next-line unicorn/no-thenable -- the word of the runbook language
        r: { kind: "regex_of", value, then: ":[0-9]+" },
      });
      const { series } = await clientOf(program.url).query(bound, NOW_MS, signal);
      return series[0]?.labels.get("hit") === "yes";
    };
    expect(await hits(`${value}:9100`)).toBe(true);
    expect(await hits(value)).toBe(false);
    expect(await hits("aXbbc:9100")).toBe(false);
  });

  test("answers a range, its own error, and infinities", async () => {
    const prometheus = clientOf(program.url);
    const range = await prometheus.queryRange(
      "vector(2)",
      { startMs: NOW_MS - 3_600_000, endMs: NOW_MS },
      signal,
    );
    expect(range.series[0]?.samples).toHaveLength(361);
    await expect(prometheus.query("up{", NOW_MS, signal)).rejects.toMatchObject({ code: "bad_data" });
    const infinite = await prometheus.query("vector(1) / 0", NOW_MS, signal);
    expect(infinite.series[0]?.samples[0]?.value).toBe(Infinity);
  });
});
