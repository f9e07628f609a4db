// `prometheus` against a server that answers as Prometheus does.
import { describe, expect, test } from "vitest";
import { createPeerHttpClient } from "../../src/outbound/http-client.ts";
import { createPrometheus } from "../../src/outbound/prometheus.ts";
import { systemClock } from "../../src/platform/clock.ts";
import type { Step } from "../../src/runbooks/runbook.ts";
import type { PrometheusSpec } from "../../src/runbooks/verbs/prometheus.ts";
import type { StepContext } from "../../src/runs/step-context.ts";
import { startServer } from "../outbound/http-server.ts";
import { stepBench } from "./step-fixture.ts";

const JUDGED = { until: {} as Step["until"] };

function runWith(changes: Partial<StepContext["run"]>): StepContext["run"] {
  const run = { id: "r", url: "", thread: "r", isDryRun: false, dir: "/nowhere", createdAtMs: 0 };
  return { ...run, causeStartedAtMs: null, changeStartedAtMs: null, ...changes };
}

function query(changes: Partial<PrometheusSpec> = {}) {
  return {
    verb: "prometheus",
    spec: {
      query: "up",
      vars: {},
      rangeMs: null,
      compareBeforeMs: null,
      resolutionMs: null,
      saveAs: null,
      unit: null,
      ...changes,
    },
  } as const;
}

async function prometheusOf(answer: unknown, asked: URLSearchParams[] = []) {
  const { url } = await startServer((response, request) => {
    asked.push(new URL(request.url, "http://x").searchParams);
    response.setHeader("content-type", "application/json").end(JSON.stringify(answer));
  });
  return createPrometheus({ http: createPeerHttpClient(), url, timeoutMs: 2_000 });
}

const RANGE = {
  status: "success",
  data: {
    resultType: "matrix",
    result: [
      {
        metric: { __name__: "up", instance: "web-1:9100" },
        values: [
          [1_795_000_000, "0.5"],
          [1_795_000_010, "NaN"],
          [1_795_000_020, "0.25"],
        ],
      },
      { metric: { instance: "<b>" }, values: [[1_795_000_000, "7"]] },
    ],
  },
};

describe("prometheus", () => {
  // oxlint-disable-next-line unicorn/no-thenable -- the word of the runbook language
  const host = { kind: "regex_of", value: 'web.1"', then: ":[0-9]+" } as const;

  test("keeps a range as JSON and as a chart with the alert's start, and gives the last value of the first series", async () => {
    const asked: URLSearchParams[] = [];
    const bench = await stepBench({ prometheus: await prometheusOf(RANGE, asked) });
    const spec = {
      query: "rate(x{instance=~$host}[5m])",
      vars: { host },
      rangeMs: 3_600_000,
      saveAs: "latency",
    } as const;
    const run = runWith({ causeStartedAtMs: Date.now() - 600_000 });
    const result = await bench.attempt(query(spec), { context: { run } });
    expect(result).toMatchObject({
      status: "succeeded",
      value: 0.25,
      stdout: 'up{instance="web-1:9100"} 0.25\n{instance="<b>"} 7\n',
    });
    expect(asked[0]?.get("query")).toBe('rate(x{instance=~"web\\\\.1\\":[0-9]+"}[5m])');
    const saved = JSON.parse(await bench.read("metrics/latency.json"));
    expect(saved).toMatchObject({ step_seconds: 10, result_type: "matrix" });
    expect(saved.result[0].values[1]).toEqual([1_795_000_010, "NaN"]);
    const svg = await bench.read("metrics/latency.svg");
    expect(svg).toContain("alert since");
    expect(svg).toContain("{instance=&quot;&lt;b&gt;&quot;}");
    expect(bench.evidence.get("metrics/latency.svg")).toEqual({ contentType: "image/svg+xml" });
  });

  test("begins before the first change of the run where both sides of it are to be seen", async () => {
    const nowMs = Date.parse("2026-11-23T03:00:00Z");
    const clock = { ...systemClock, nowMs: () => nowMs };
    const asked: URLSearchParams[] = [];
    const bench = await stepBench({ prometheus: await prometheusOf(RANGE, asked) });
    const startOf = async (spec: Partial<PrometheusSpec>, changeStartedAtMs: number | null) => {
      const run = runWith({ changeStartedAtMs });
      await bench.attempt(query(spec), { context: { run, clock } });
      const parameters = asked.at(-1);
      expect(parameters?.get("end")).toBe(`${nowMs / 1000}.000`);
      return (nowMs - Number(parameters?.get("start")) * 1000) / 60_000;
    };
    const compare = { rangeMs: 10 * 60_000, compareBeforeMs: 30 * 60_000 };
    const changeMs = nowMs - 20 * 60_000;
    expect(await startOf(compare, changeMs)).toBe(50);
    expect(await startOf(compare, null)).toBe(30);
    expect(await startOf({ ...compare, rangeMs: 3_600_000 }, changeMs)).toBe(60);
    expect(await startOf({ rangeMs: 10 * 60_000 }, changeMs)).toBe(10);
    expect(await bench.read("metrics/x.svg")).toContain(">first change 02:40:00</text>");
    expect(await bench.read("metrics/x~4.svg")).toContain("← first change 02:40:00, before this range");
  });

  test("shows what Prometheus warns of, in the chart too", async () => {
    const warnings = ["partial response: store-2 <unavailable>"];
    const infos = ["metric might not be a counter"];
    const bench = await stepBench({ prometheus: await prometheusOf({ ...RANGE, warnings, infos }) });
    const { stderr } = await bench.attempt(query({ rangeMs: 60_000 }));
    expect(stderr).toBe(
      "Prometheus warns: partial response: store-2 <unavailable>\nPrometheus warns: metric might not be a counter\n",
    );
    expect(await bench.read("metrics/x.svg")).toContain("store-2 &lt;unavailable&gt;");
    expect(JSON.parse(await bench.read("metrics/x.json"))).toMatchObject({
      warnings: [...warnings, ...infos],
    });
  });

  test("native histograms are left out, and said to be", async () => {
    const histogram = { count: "3", sum: "6", buckets: [[0, "1", "2", "3"]] };
    const only = {
      status: "success",
      data: { resultType: "vector", result: [{ metric: {}, histogram: [1, histogram] }] },
    };
    const bench = await stepBench({ prometheus: await prometheusOf(only) });
    const result = await bench.attempt(query());
    expect(result).toMatchObject({ status: "failed" });
    expect(result.message).toContain(
      "only native histograms, which have no single value; use histogram_quantile()",
    );
    const range = {
      status: "success",
      data: {
        resultType: "matrix",
        result: [{ metric: { __name__: "h" }, histograms: [[1, histogram]] }, ...RANGE.data.result],
      },
    };
    const mixed = await stepBench({ prometheus: await prometheusOf(range) });
    expect(await mixed.attempt(query({ rangeMs: 60_000 }))).toMatchObject({
      status: "succeeded",
      value: 0.25,
    });
    expect(await mixed.read("metrics/x.svg")).toContain("left out: 1 native histograms");
    expect(JSON.parse(await mixed.read("metrics/x.json"))).toMatchObject({ histograms_left_out: 1 });
  });

  test("labels may have any name and value", async () => {
    const metric = JSON.parse('{"__proto__": "x", "constructor": "y", "toString": "z\\u0000\\"}"}') as object;
    const answer = {
      status: "success",
      data: { resultType: "vector", result: [{ metric, value: [1, "1"] }] },
    };
    const bench = await stepBench({ prometheus: await prometheusOf(answer) });
    const { stdout } = await bench.attempt(query());
    expect(stdout).toBe('{__proto__="x", constructor="y", toString="z\\u0000\\"}"} 1\n');
    const saved = JSON.parse(await bench.read("metrics/x.json"));
    expect(Object.keys(saved.result[0].metric)).toEqual(["__proto__", "constructor", "toString"]);
  });

  test.each(["NaN", "+Inf", "-Inf"])("a last value of %s is no value", async (value) => {
    const answer = {
      status: "success",
      data: { resultType: "vector", result: [{ metric: {}, value: [1, value] }] },
    };
    const bench = await stepBench({ prometheus: await prometheusOf(answer) });
    expect(await bench.attempt(query())).toMatchObject({ status: "succeeded", value: null });
  });

  test("a Prometheus that does not answer is left in time", async () => {
    const { url } = await startServer(() => {});
    const prometheus = createPrometheus({ http: createPeerHttpClient(), url, timeoutMs: 30_000 });
    const bench = await stepBench({ prometheus });
    expect(await bench.attempt(query(), { context: { timeoutMs: 200 } })).toMatchObject({
      status: "timed_out",
    });
  });

  test("an instant query has no chart", async () => {
    const answer = {
      status: "success",
      data: { resultType: "vector", result: [{ metric: {}, value: [1, "3"] }] },
    };
    const bench = await stepBench({ prometheus: await prometheusOf(answer) });
    expect(await bench.attempt(query())).toMatchObject({ status: "succeeded", value: 3 });
    expect([...bench.evidence.keys()]).toEqual(["metrics/x.json"]);
  });

  test("no series is a failure, unless the runbook judges the result", async () => {
    const answer = { status: "success", data: { resultType: "vector", result: [] } };
    const bench = await stepBench({ prometheus: await prometheusOf(answer) });
    expect(await bench.attempt(query())).toMatchObject({
      status: "failed",
      message: "the query gave no series",
    });
    expect(await bench.attempt(query(), { step: JUDGED })).toMatchObject({
      status: "succeeded",
      value: null,
    });
  });

  test("says what Prometheus said, and what is missing", async () => {
    const answer = { status: "error", errorType: "bad_data", error: "parse error" };
    const refusing = await stepBench({ prometheus: await prometheusOf(answer) });
    const refused = await refusing.attempt(query());
    expect(refused.message).toContain("parse error");
    // The same text cannot be read the next time either; what else Prometheus says may pass.
    expect(refused.isPermanent).toBe(true);
    const busy = { status: "error", errorType: "timeout", error: "query timed out" };
    const late = await stepBench({ prometheus: await prometheusOf(busy) });
    expect(await late.attempt(query())).toMatchObject({ status: "failed", isPermanent: false });
    const none = await stepBench();
    expect(await none.attempt(query())).toMatchObject({
      status: "failed",
      didNotStart: true,
      isPermanent: true,
      message: "the settings name no Prometheus: add prometheus.url",
    });
    const unbound = await stepBench({ prometheus: await prometheusOf(answer) });
    expect((await unbound.attempt(query({ query: "up{a=$b}" }))).message).toContain("$b has no value");
  });
});
