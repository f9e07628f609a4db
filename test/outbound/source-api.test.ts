// Whether an alert still fires, as its source says: answers of a stub, then a real Alertmanager where one is installed.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fingerprintOf } from "../../src/alerts/fingerprint.ts";
import { createAlertmanagerApi } from "../../src/outbound/alertmanager.ts";
import { createGrafanaApi } from "../../src/outbound/grafana.ts";
import { createPeerHttpClient } from "../../src/outbound/http-client.ts";
import { type AlertSourceApi, SourceApiError } from "../../src/outbound/source-api.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { startServer } from "./http-server.ts";
import { until } from "../support/processes.ts";
import { isInstalled, type RunningProgram, startProgram } from "./program.ts";

const signal = new AbortController().signal;
const LABELS = new Map([
  ["alertname", "Slow"],
  ["host.name", "not a classic name"],
  ["path", 'C:\\temp "x" {a=~".*"},b'],
]);
const FINGERPRINT = fingerprintOf(LABELS);
const shared = { http: createPeerHttpClient(), clock: systemClock, timeoutMs: 5_000 };
const apiOf = (...urls: string[]): AlertSourceApi => createAlertmanagerApi({ ...shared, urls });

const hourFromNow = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
const listed = (state: string, endsAt = hourFromNow(1), fingerprint = FINGERPRINT) => ({
  fingerprint,
  endsAt,
  status: { state, silencedBy: [], inhibitedBy: [] },
  labels: {},
});
const answering = (body: unknown, status = 200) =>
  startServer((response) =>
    response.writeHead(status).end(typeof body === "string" ? body : JSON.stringify(body)),
  );

describe("one server", () => {
  test.each<[string, unknown, string]>([
    ["active", [listed("active")], "firing"],
    ["not yet processed", [listed("unprocessed")], "firing"],
    ["suppressed", [listed("suppressed")], "suppressed"],
    ["its end has passed", [listed("active", hourFromNow(-1))], "gone"],
    ["no end", [listed("active", "0001-01-01T00:00:00Z")], "firing"],
    ["not in the list", [listed("active", hourFromNow(1), "0000000000000000")], "gone"],
    ["an empty list", [], "gone"],
  ])("%s is %s", async (_name, body, expected) => {
    const { url } = await answering(body);
    expect(await apiOf(url).state(FINGERPRINT, LABELS, signal)).toBe(expected);
  });

  test("is asked for few alerts, by labels that every version reads", async () => {
    const { url, seen } = await answering([]);
    await apiOf(`${url}/prefix/`).state(FINGERPRINT, LABELS, signal);
    const asked = new URL(seen[0]?.url ?? "", url);
    expect(asked.pathname).toBe("/prefix/api/v2/alerts");
    expect(asked.searchParams.getAll("filter")).toEqual([
      'alertname="Slow"',
      'path="C:\\\\temp \\"x\\" {a=~\\".*\\"},b"',
    ]);
  });

  test.each<[string, unknown, number]>([
    ["an error", { error: "x" }, 500],
    ["not JSON", "<html>", 200],
    ["no list", { data: [] }, 200],
    ["a list of something else", [{ id: 1 }], 200],
  ])("%s is no answer", async (_name, body, status) => {
    const { url } = await answering(body, status);
    await expect(apiOf(url).state(FINGERPRINT, LABELS, signal)).rejects.toThrow(SourceApiError);
  });
});

describe("several servers", () => {
  test.each([
    [["gone", "active"], "firing"],
    [["active", "suppressed"], "suppressed"],
    [["gone", "gone"], "gone"],
    [["away", "active"], "firing"],
    [["away", "gone"], "gone"],
  ])("%j is %s", async (states, expected) => {
    const urls: string[] = [];
    for (const state of states) {
      const server = await answering(state === "gone" ? [] : [listed(state)], state === "away" ? 500 : 200);
      urls.push(server.url);
    }
    expect(await apiOf(...urls).state(FINGERPRINT, LABELS, signal)).toBe(expected);
  });

  test("none that answers is an error that names them all", async () => {
    const { url } = await answering("", 503);
    const asked = apiOf(url, "http://127.0.0.1:1").state(FINGERPRINT, LABELS, signal);
    await expect(asked).rejects.toThrow(/503.*127\.0\.0\.1:1/);
    await expect(apiOf().state(FINGERPRINT, LABELS, signal)).rejects.toThrow("no url is configured");
  });
});

test("Grafana is asked at its own path, with its token", async () => {
  const { url, seen } = await answering([listed("active")]);
  const api = createGrafanaApi({ ...shared, urls: [url], token: "glsa_x" });
  expect(await api.state(FINGERPRINT, LABELS, signal)).toBe("firing");
  expect(seen[0]?.url).toMatch(/^\/api\/alertmanager\/grafana\/api\/v2\/alerts\?filter=/);
  expect(seen[0]?.headers.authorization).toBe("Bearer glsa_x");
});

describe.skipIf(!isInstalled("prometheus-alertmanager"))("a real Alertmanager", () => {
  let program: RunningProgram;
  beforeAll(async () => {
    program = await startProgram({
      program: "prometheus-alertmanager",
      config: "route: {receiver: none, group_wait: 0s}\nreceivers: [{name: none}]\n",
      args: (folder, port) => [
        `--config.file=${folder}/config.yml`,
        `--storage.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--cluster.listen-address=",
      ],
    });
  });
  afterAll(() => program.stop());

  const labels = { alertname: "Slow", instance: "web-1:9100", path: 'C:\\temp "x", {a=~".*"}' };
  const post = async (path: string, body: unknown) => {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${program.url}/api/v2/${path}`, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${text}`);
    return text;
  };
  const map = new Map(Object.entries(labels));
  const state = () => apiOf(program.url).state(fingerprintOf(map), map, signal);
  const becomes = (expected: string) => until(async () => (await state()) === expected, 10_000);

  test("an alert is gone, fires, is silenced, fires again, and is gone", async () => {
    expect(await state()).toBe("gone");
    await post("alerts", [{ labels, startsAt: hourFromNow(-1), endsAt: hourFromNow(1) }]);
    await becomes("firing");
    const silence = JSON.parse(
      await post("silences", {
        matchers: [{ name: "instance", value: "web-1:9100", isRegex: false, isEqual: true }],
        startsAt: hourFromNow(0),
        endsAt: hourFromNow(1),
        createdBy: "test",
        comment: "test",
      }),
    ) as { silenceID: string };
    await becomes("suppressed");
    await fetch(`${program.url}/api/v2/silence/${silence.silenceID}`, { method: "DELETE" });
    await becomes("firing");
    await post("alerts", [
      { labels, startsAt: hourFromNow(-1), endsAt: new Date(Date.now() - 1_000).toISOString() },
    ]);
    await becomes("gone");
  });
});
