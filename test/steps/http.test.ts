// `http` and `notify` against real servers on this machine.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { describe, expect, onTestFinished, test } from "vitest";
import { NotifierError, type Notice } from "../../src/notify/notifier.ts";
import type { HttpSpec } from "../../src/runbooks/verbs/http.ts";
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
    spec: {
      method: "GET",
      url,
      headers: {},
      payload: { kind: "none" },
      bodyBytesMax: 1024 * 1024,
      saveAs: null,
      ...changes,
    },
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

  test("what may not be sent fails for good: no other try can end otherwise", async () => {
    const url = await serve((_request, _body, response) =>
      response.writeHead(302, { location: "http://169.254.169.254/" }).end(),
    );
    const bench = await stepBench();
    const large = { method: "POST", payload: { kind: "text", text: "x".repeat(1024 ** 2 + 1) } } as const;
    for (const [spec, message] of [
      [http("http://169.254.169.254/"), "169.254.169.254 may not be connected to; a runbook reaches"],
      [http(url), "169.254.169.254 may not be connected to"],
      [http(url, { headers: { "X-A": "b\r\nX-B: c" } }), "the header x-a has a line break"],
      [http("ftp://127.0.0.1/"), "only http and https"],
      [http(url, large), "the request's body has 1.0 MiB, more than 1.0 MiB"],
    ] as const) {
      const result = await bench.attempt(spec, LOOPBACK);
      expect(result).toMatchObject({ status: "failed", isPermanent: true });
      expect(result.message).toContain(message);
    }
    expect(await bench.attempt(http("http://127.0.0.1:1/"), LOOPBACK)).toMatchObject({ isPermanent: false });
  });

  test.each([
    ["application/json", '{"a": 1}', "json", "application/json", { a: 1 }],
    ["application/problem+json", '{"a": 1}', "json", "application/json", { a: 1 }],
    ["application/json", "{", "txt", "text/plain; charset=utf-8", null],
    ["text/html", "<script>alert(1)</script>", "txt", "text/plain; charset=utf-8", null],
    ["image/svg+xml", "<svg onload=alert(1)/>", "txt", "text/plain; charset=utf-8", null],
    ["application/octet-stream", "\u0001", "bin", "application/octet-stream", null],
    ["", "x", "bin", "application/octet-stream", null],
  ])(
    "keeps a body of type %j as a file that does nothing when it is opened",
    async (type, body, extension, kept, json) => {
      const url = await serve((_request, _body, response) =>
        response.writeHead(500, type === "" ? {} : { "content-type": type }).end(body),
      );
      const bench = await stepBench();
      const result = await bench.attempt(http(url, { saveAs: "status" }), LOOPBACK);
      // Also what fails the step is evidence.
      expect(result).toMatchObject({ status: "failed", json });
      const path = `responses/status.${extension}`;
      expect(await bench.read(path)).toBe(body);
      expect([...bench.evidence]).toEqual([[path, { contentType: kept, isTruncated: false }]]);
    },
  );

  test("a body longer than max_body is cut, and said to be", async () => {
    const url = await serve((_request, _body, response) =>
      response.writeHead(200, { "content-type": "application/json" }).end("[1,2,3]"),
    );
    const bench = await stepBench();
    const result = await bench.attempt(http(url, { bodyBytesMax: 4, saveAs: "x" }), LOOPBACK);
    expect(result).toMatchObject({
      status: "succeeded",
      json: null,
      stdout: "[1,2",
      stderr: "HTTP 200, 4 bytes, cut after 4 B\n",
    });
    expect(bench.evidence.get("responses/x.txt")).toMatchObject({ isTruncated: true });
  });

  test("expressions see the first MiB of a longer body; the file has all of it", async () => {
    const body = JSON.stringify("é".repeat(1024 ** 2));
    const url = await serve((_request, _body, response) =>
      response.writeHead(200, { "content-type": "application/json" }).end(body),
    );
    const bench = await stepBench();
    const result = await bench.attempt(http(url, { bodyBytesMax: 4 * 1024 ** 2, saveAs: "x" }), LOOPBACK);
    expect(result).toMatchObject({ status: "succeeded", json: null });
    expect(Buffer.byteLength(result.response?.body ?? "")).toBeLessThanOrEqual(1024 ** 2 + 3);
    expect(await bench.read("responses/x.txt")).toBe(body);
  });

  test.each([
    ["nested 100,000 levels deep", "[".repeat(100_000) + "]".repeat(100_000)],
    ["of brackets that never end", "[".repeat(500_000)],
    ["that is no JSON", "{]"],
  ])("JSON %s has no value", async (_name, body) => {
    const url = await serve((_request, _body, response) =>
      response.writeHead(200, { "content-type": "application/json" }).end(body),
    );
    const bench = await stepBench();
    expect(await bench.attempt(http(url), LOOPBACK)).toMatchObject({ status: "succeeded", json: null });
  });

  test("brackets inside of texts are no levels", async () => {
    const body = JSON.stringify({ a: "[".repeat(500), b: '\\"['.repeat(200) });
    const url = await serve((_request, _body, response) =>
      response.writeHead(200, { "content-type": "application/json" }).end(body),
    );
    const bench = await stepBench();
    expect((await bench.attempt(http(url), LOOPBACK)).json).toEqual(JSON.parse(body));
  });

  test("says when a body came compressed", async () => {
    const url = await serve((_request, _body, response) =>
      response.writeHead(200, { "content-encoding": "gzip", "content-type": "application/json" }).end("x"),
    );
    const bench = await stepBench();
    expect((await bench.attempt(http(url), LOOPBACK)).stderr).toContain("the body is encoded although");
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
      opensIncidents: false,
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
      thread: "thread-1",
    });
    expect(sent[0]?.dedupeKey).toBe(sent[1]?.dedupeKey);
  });

  test("says which notifiers there are, and passes a refusal on", async () => {
    const refused = new NotifierError("refused", "notifier oncall: the receiver answered HTTP 500", {
      isRetryable: true,
      didNotStart: false,
    });
    const oncall = {
      name: "oncall",
      kind: "webhook",
      opensIncidents: false,
      send: () => Promise.reject(refused),
    } as const;
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
