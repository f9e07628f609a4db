// Silences of ours: answers of a stub, Grafana's shapes, then a real Alertmanager where one is installed.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fingerprintOf } from "../../src/alerts/fingerprint.ts";
import { createAlertmanagerApi } from "../../src/outbound/alertmanager.ts";
import { createGrafanaApi } from "../../src/outbound/grafana.ts";
import { createPeerHttpClient } from "../../src/outbound/http-client.ts";
import { type AlertSourceApi, type SilenceWish, SourceApiError } from "../../src/outbound/source-api.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { until } from "../support/processes.ts";
import { type MadeSilence, startSilenceSource } from "../support/silence-source.ts";
import { startServer } from "./http-server.ts";
import { isInstalled, type RunningProgram, startProgram } from "./program.ts";

const signal = new AbortController().signal;
const shared = { http: createPeerHttpClient(), clock: systemClock, timeoutMs: 5_000 };
const apiOf = (...urls: string[]): AlertSourceApi => createAlertmanagerApi({ ...shared, urls });
const RUN = "0195f4a0-0000-7000-8000-000000000001";
const ofRun = (runId: string, stepId: string | null = null) => ({ runId, stepId });
const wish = ({ runId = RUN, ...parts }: Partial<SilenceWish> = {}): SilenceWish => ({
  ...ofRun(runId),
  comment: null,
  runUrl: `http://nightshift.example.net/runs/${runId}`,
  matchers: [
    { name: "alertname", operator: "=", value: "Slow" },
    { name: "path", operator: "=", value: 'C:\\temp "x", {a=~".*"}' },
  ],
  endsAtMs: Date.now() + 3_600_000,
  ...parts,
});

describe("making", () => {
  test("says who made it, for which run, until when, for exactly these labels", async () => {
    const server = await startSilenceSource();
    expect(await apiOf(server.url).silence(wish(), signal)).toBe("s-1");
    const body = JSON.parse(server.seen.find(({ method }) => method === "POST")?.body ?? "") as MadeSilence;
    expect(body).toMatchObject({
      createdBy: "nightshift",
      matchers: [
        { name: "alertname", value: "Slow", isRegex: false, isEqual: true },
        { name: "path", value: 'C:\\temp "x", {a=~".*"}', isRegex: false, isEqual: true },
      ],
    });
    expect(body.comment).toContain(`http://nightshift.example.net/runs/${RUN}`);
  });

  test("once, also when the answer to the first try was lost", async () => {
    const server = await startSilenceSource();
    server.state.isReplyLost = true;
    await expect(apiOf(server.url).silence(wish(), signal)).rejects.toThrow(SourceApiError);
    server.state.isReplyLost = false;
    expect(await apiOf(server.url).silence(wish(), signal)).toBe("s-1");
    expect(server.silences).toHaveLength(1);
    // Of another run, or ended: neither is ours to use.
    expect(await apiOf(server.url).silence(wish({ runId: "other" }), signal)).toBe("s-2");
    await apiOf(server.url).unsilence(ofRun(RUN), signal);
    expect(await apiOf(server.url).silence(wish(), signal)).toBe("s-3");
  });

  test("one for a step says so, with its own words, and whatever kind of matcher it has", async () => {
    const server = await startSilenceSource();
    const matchers = [
      { name: "alertname", operator: "=~", value: "Slow|Slower" },
      { name: "env", operator: "!=", value: "test" },
      { name: "team", operator: "!~", value: "db.*" },
    ] as const;
    await apiOf(server.url).silence(wish({ stepId: "quiet", comment: "Restarting it.", matchers }), signal);
    const [made] = server.silences;
    expect(made?.comment).toBe(
      `Restarting it. Nightshift works on it, and lifts this silence when it is done. Run ${RUN}, step quiet: http://nightshift.example.net/runs/${RUN}`,
    );
    expect(made?.matchers).toEqual([
      { name: "alertname", value: "Slow|Slower", isRegex: true, isEqual: true },
      { name: "env", value: "test", isRegex: false, isEqual: false },
      { name: "team", value: "db.*", isRegex: true, isEqual: false },
    ]);
  });

  test("the rule's and each step's are told apart", async () => {
    const server = await startSilenceSource();
    const api = apiOf(server.url);
    expect(await api.silence(wish({ stepId: "quiet" }), signal)).toBe("s-1");
    expect(await api.silence(wish(), signal)).toBe("s-2");
    expect(await api.silence(wish({ stepId: "quiet2" }), signal)).toBe("s-3");
    expect(await api.silence(wish({ stepId: "quiet" }), signal)).toBe("s-1");
    await api.unsilence(ofRun(RUN, "quiet"), signal);
    expect(server.active()).toEqual(["s-2", "s-3"]);
    await api.unsilence(ofRun(RUN), signal);
    expect(server.active()).toEqual(["s-3"]);
  });

  test("at the first server of several that answers", async () => {
    const [away, there, spare] = [
      await startSilenceSource(),
      await startSilenceSource(),
      await startSilenceSource(),
    ];
    away.state.isAway = true;
    await apiOf(away.url, there.url, spare.url).silence(wish(), signal);
    expect([away, there, spare].map(({ silences }) => silences.length)).toEqual([0, 1, 0]);
    there.state.isAway = spare.state.isAway = true;
    await expect(apiOf(away.url, there.url, spare.url).silence(wish(), signal)).rejects.toThrow(/503.*503/);
    await expect(apiOf().silence(wish(), signal)).rejects.toThrow("no url is configured");
  });

  test("not where a server of the cluster has one already", async () => {
    const [first, second] = [await startSilenceSource(), await startSilenceSource()];
    await apiOf(second.url).silence(wish(), signal);
    expect(await apiOf(first.url, second.url).silence(wish(), signal)).toBe("s-1");
    expect(first.silences).toHaveLength(0);
  });
});

describe("lifting", () => {
  test("ends what is for the run's rule, and nothing else", async () => {
    const server = await startSilenceSource();
    await apiOf(server.url).silence(wish(), signal);
    await apiOf(server.url).silence(wish({ runId: "other" }), signal);
    server.silences.push({
      id: "s-3",
      createdBy: "dana",
      comment: `I look at run ${RUN} myself`,
      endsAt: "",
      matchers: [],
      status: { state: "active" },
    });
    await apiOf(server.url).unsilence(ofRun(RUN), signal);
    expect(server.active()).toEqual(["s-2", "s-3"]);
    await apiOf(server.url).unsilence(ofRun(RUN), signal);
    expect(server.active()).toEqual(["s-2", "s-3"]);
  });

  test("is done when one of several servers knew of it", async () => {
    const [away, there] = [await startSilenceSource(), await startSilenceSource()];
    away.state.isAway = true;
    await apiOf(there.url).silence(wish(), signal);
    await apiOf(away.url, there.url).unsilence(ofRun(RUN), signal);
    expect(there.active()).toEqual([]);
  });

  test("is not done when one that could have it does not answer", async () => {
    const [away, there] = [await startSilenceSource(), await startSilenceSource()];
    away.state.isAway = true;
    const lift = () => apiOf(away.url, there.url).unsilence(ofRun(RUN), signal);
    await expect(lift()).rejects.toThrow(/could not be lifted.*503/);
    away.state.isAway = false;
    await lift();
  });
});

describe("the state of an alert", () => {
  const LABELS = new Map([["alertname", "Slow"]]);
  const suppressed = (status: Record<string, unknown>) => ({
    fingerprint: fingerprintOf(LABELS),
    endsAt: new Date(Date.now() + 60_000).toISOString(),
    status: { state: "suppressed", silencedBy: [], inhibitedBy: [], ...status },
  });
  const authors: Readonly<Record<string, string>> = {
    ours: "nightshift",
    ours2: "nightshift",
    danas: "dana",
  };

  test.each<[string, Record<string, unknown>, string]>([
    ["a silence of ours", { silencedBy: ["ours"] }, "firing"],
    ["several of ours", { silencedBy: ["ours", "ours2"] }, "firing"],
    ["a silence of somebody", { silencedBy: ["danas"] }, "suppressed"],
    ["ours and somebody's", { silencedBy: ["ours", "danas"] }, "suppressed"],
    ["ours and an inhibition", { silencedBy: ["ours"], inhibitedBy: ["x"] }, "suppressed"],
    ["ours and a time interval", { silencedBy: ["ours"], mutedBy: ["x"] }, "suppressed"],
    ["a silence that cannot be read", { silencedBy: ["gone"] }, "suppressed"],
    ["an inhibition", { inhibitedBy: ["x"] }, "suppressed"],
  ])("under %s is %s", async (_name, status, expected) => {
    const { url } = await startServer((response, request) => {
      const id = /^\/api\/v2\/silence\/(.+)$/.exec(request.url)?.[1];
      const createdBy = authors[id ?? ""];
      if (id !== undefined && createdBy === undefined) return void response.writeHead(404).end('"none"');
      const silence = { id, createdBy, comment: "", status: { state: "active" } };
      response.end(JSON.stringify(id === undefined ? [suppressed(status)] : silence));
    });
    expect(await apiOf(url).state(fingerprintOf(LABELS), LABELS, signal)).toBe(expected);
  });
});

test("Grafana is asked at its own path, with its token, and answers 202", async () => {
  const server = await startSilenceSource({ path: "/api/alertmanager/grafana/api/v2", madeStatus: 202 });
  const api = createGrafanaApi({ ...shared, urls: [server.url], token: "glsa_x" });
  expect(await api.silence(wish(), signal)).toBe("s-1");
  expect(server.active()).toEqual(["s-1"]);
  await api.unsilence(ofRun(RUN), signal);
  expect(server.active()).toEqual([]);
  expect(new Set(server.seen.map(({ headers }) => headers.authorization))).toEqual(
    new Set(["Bearer glsa_x"]),
  );
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

  const labels = { alertname: "Slow", path: 'C:\\temp "x", {a=~".*"}' };
  const map = new Map(Object.entries(labels));
  const post = async (path: string, body: unknown) => {
    const headers = { "content-type": "application/json" };
    const url = `${program.url}/api/v2/${path}`;
    const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  };
  /** What Alertmanager itself says, which suppresses the alert whoever made the silence. */
  const stateThere = async () => {
    const alerts = (await (await fetch(`${program.url}/api/v2/alerts`)).json()) as {
      status: { state: string };
    }[];
    return alerts[0]?.status.state;
  };
  const silencesThere = async () =>
    (await (await fetch(`${program.url}/api/v2/silences`)).json()) as { status: { state: string } }[];
  const state = () => apiOf(program.url).state(fingerprintOf(map), map, signal);
  const hourFromNow = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();

  test("suppresses the alert by our silence, which counts as firing, until it is lifted; somebody's silence counts", async () => {
    await post("alerts", [{ labels, startsAt: hourFromNow(-1), endsAt: hourFromNow(1) }]);
    await until(async () => (await stateThere()) === "active");
    const id = await apiOf(program.url).silence(wish(), signal);
    await until(async () => (await stateThere()) === "suppressed");
    expect(await state()).toBe("firing");
    expect(await apiOf(program.url).silence(wish(), signal)).toBe(id);
    expect(await silencesThere()).toHaveLength(1);
    const matchers = [{ name: "alertname", value: "Slow", isRegex: false, isEqual: true }];
    const theirs = {
      matchers,
      startsAt: hourFromNow(0),
      endsAt: hourFromNow(1),
      createdBy: "dana",
      comment: "x",
    };
    await post("silences", theirs);
    await until(async () => (await state()) === "suppressed");
    await apiOf(program.url).unsilence(ofRun(RUN), signal);
    await apiOf(program.url).unsilence(ofRun(RUN), signal);
    const active = (await silencesThere()).filter((silence) => silence.status.state === "active");
    expect(active).toMatchObject([{ createdBy: "dana" }]);
  });
});
