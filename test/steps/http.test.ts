// `http`, `prometheus` and `notify` against real servers on this machine.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { describe, expect, onTestFinished, test } from "vitest";
import { NotifierError, type Notice } from "../../src/notify/notifier.ts";
import { createPeerHttpClient } from "../../src/outbound/http-client.ts";
import { createPrometheus } from "../../src/outbound/prometheus.ts";
import type { HttpSpec } from "../../src/runbooks/verbs/http.ts";
import type { PrometheusSpec } from "../../src/runbooks/verbs/prometheus.ts";
import type { Step } from "../../src/runbooks/runbook.ts";
import { stepBench } from "./step-fixture.ts";

/** Answers with what `handle` does; gives its URL. */
async function serve(
  handle: (request: IncomingMessage, body: string, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer((request, response) => {
    void buffer(request).then((body) => handle(request, body.toString(), response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function http(url: string, changes: Partial<HttpSpec> = {}) {
  return {
    verb: "http",
    spec: { method: "GET", url, headers: {}, payload: { kind: "none" }, ...changes },
  } as const;
}

const LOOPBACK = { context: { httpHosts: ["127.0.0.1"] } };
const JUDGED = { until: {} as Step["until"] };

describe("http", () => {
  test("gives status, headers, body and JSON to expressions, and the body as its output", async () => {
    const url = await serve((_request, _body, response) => {
      response.setHeader("content-type", "application/json; charset=utf-8").end('{"ok": true}');
    });
    const bench = await stepBench();
    const result = await bench.attempt(http(`${url}/healthz?token=secret`), LOOPBACK);
    expect(result).toMatchObject({
      status: "succeeded",
      json: { ok: true },
      stdout: '{"ok": true}',
      stderr: "HTTP 200, 12 bytes\n",
    });
    expect(result.response).toMatchObject({
      status: 200,
      body: '{"ok": true}',
      headers: { "content-type": "application/json; charset=utf-8" },
    });
  });

  test("sends JSON, and the headers of the runbook", async () => {
    const url = await serve((request, body, response) =>
      response.end(
        `${request.method} ${request.headers["content-type"]} ${String(request.headers["x-a"])} ${body}`,
      ),
    );
    const bench = await stepBench();
    const spec = {
      method: "POST",
      headers: { "X-A": "b" },
      payload: { kind: "json", json: { a: [1] } },
    } as const;
    expect((await bench.attempt(http(url, spec), LOOPBACK)).stdout).toBe('POST application/json b {"a":[1]}');
  });

  test.each([
    [503, {}, "failed"],
    [404, {}, "failed"],
    [204, {}, "succeeded"],
    [503, JUDGED, "succeeded"],
  ] as const)("an answer %d of a step with %j has %s", async (status, step, expected) => {
    const url = await serve((_request, _body, response) => response.writeHead(status).end());
    const bench = await stepBench();
    expect(await bench.attempt(http(url), { ...LOOPBACK, step })).toMatchObject({
      status: expected,
      response: { status },
    });
  });

  test("reaches no host that neither the inventory nor the runbook names", async () => {
    let requests = 0;
    const url = await serve((_request, _body, response) => {
      requests += 1;
      response.end();
    });
    const bench = await stepBench({ inventoryHosts: () => ["127.0.0.1"] });
    for (const target of [url, "http://169.254.169.254/latest/meta-data"]) {
      expect(await bench.attempt(http(target), { context: { httpHosts: ["*.example.net"] } })).toMatchObject({
        status: "failed",
        didNotStart: true,
        message: expect.stringMatching(/may not be connected to; a runbook reaches .* http_hosts/),
      });
    }
    expect(requests).toBe(0);
  });

  test("a server that does not answer is left in time", async () => {
    const url = await serve(() => {});
    const bench = await stepBench();
    const result = await bench.attempt(http(url), { context: { ...LOOPBACK.context, timeoutMs: 200 } });
    expect(result).toMatchObject({ status: "timed_out", didNotStart: false });
  });

  test("a port that nobody listens on provably got nothing", async () => {
    const bench = await stepBench();
    expect(await bench.attempt(http("http://127.0.0.1:1/"), LOOPBACK)).toMatchObject({
      status: "failed",
      didNotStart: true,
    });
  });
});

function query(changes: Partial<PrometheusSpec> = {}) {
  return {
    verb: "prometheus",
    spec: { query: "up", vars: {}, rangeMs: null, resolutionMs: null, saveAs: null, ...changes },
  } as const;
}

async function prometheusOf(answer: unknown, asked: URLSearchParams[] = []) {
  const url = await serve((request, body, response) => {
    asked.push(new URL(request.url ?? "/", "http://x").searchParams);
    if (body !== "") asked.push(new URLSearchParams(body));
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
    const run = { id: "r", url: "", dir: "/nowhere", causeStartedAtMs: Date.now() - 600_000, createdAtMs: 0 };
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
    expect((await refusing.attempt(query())).message).toContain("parse error");
    const none = await stepBench();
    expect(await none.attempt(query())).toMatchObject({
      status: "failed",
      didNotStart: true,
      message: "the settings name no Prometheus: add prometheus.url",
    });
    const unbound = await stepBench({ prometheus: await prometheusOf(answer) });
    expect((await unbound.attempt(query({ query: "up{a=$b}" }))).message).toContain("$b has no value");
  });
});

describe("notify", () => {
  const action = {
    verb: "notify",
    spec: { to: "oncall", title: null, text: "web-1 needs a person\nmore" },
  } as const;

  test("hands the notice over, with a key that is the same for each try", async () => {
    const sent: Notice[] = [];
    const oncall = {
      name: "oncall",
      kind: "log",
      send: async (notice: Notice) => void sent.push(notice),
    } as const;
    const bench = await stepBench({ notifiers: new Map([["oncall", oncall]]) });
    expect(await bench.attempt(action)).toMatchObject({ status: "succeeded" });
    await bench.attempt(action);
    expect(sent[0]).toMatchObject({
      event: "step",
      title: "web-1 needs a person",
      text: "web-1 needs a person\nmore",
      url: "http://nightshift/runs/1",
    });
    expect(sent[0]?.dedupeKey).toBe(sent[1]?.dedupeKey);
  });

  test("says which notifiers there are, and passes a refusal on", async () => {
    const refused = new NotifierError("refused", "notifier oncall: the receiver answered HTTP 500", {
      isRetryable: true,
      didNotStart: false,
    });
    const oncall = { name: "oncall", kind: "webhook", send: () => Promise.reject(refused) } as const;
    const bench = await stepBench({ notifiers: new Map([["oncall", oncall]]) });
    expect(await bench.attempt(action)).toMatchObject({
      status: "failed",
      didNotStart: false,
      message: refused.message,
    });
    const other = { ...action, spec: { ...action.spec, to: "nobody" } };
    expect(await bench.attempt(other)).toMatchObject({
      status: "failed",
      didNotStart: true,
      message: "no notifier is called nobody; the settings have: oncall",
    });
  });
});
