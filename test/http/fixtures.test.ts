// Every payload of test/fixtures/webhooks through the running service: the answer, and what is remembered afterwards.
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { App } from "../../src/app.ts";
import { createServiceFolder, type ServiceFolder, startService } from "../support/service.ts";

const FOLDER = new URL("../fixtures/webhooks/", import.meta.url);

interface Row {
  readonly status: 200 | 202 | 400;
  /** States of the episodes, in the order of the body. */
  readonly episodes?: string;
  /** `kind` or `kind:reason` of each decision, in order. */
  readonly decisions?: string;
  /** For 400: the pointer of the first error. */
  readonly pointer?: string;
}

const FIRES: Row = { status: 202, episodes: "firing", decisions: "observed" };
const META: Row = { status: 202, episodes: "firing", decisions: "ignored:meta_alert" };
const TEST_BUTTON: Row = { status: 200, episodes: "", decisions: "ignored:test_alert" };
const NEVER_FIRED: Row = { status: 202, episodes: "", decisions: "ignored:resolved_without_firing" };
const refused = (pointer: string): Row => ({ status: 400, pointer });
const times = (count: number, text: string) => Array.from({ length: count }, () => text).join(" ");

const ROWS: Readonly<Record<string, Row>> = {
  "am-v4-firing-single.json": FIRES,
  "am-v4-ha-duplicate-peer-b.json": FIRES,
  "am-v4-repeat.json": FIRES,
  "am-v4-resolved-single.json": NEVER_FIRED,
  "am-v4-firing-again-later-startsat.json": FIRES,
  "am-v4-firing-group-25.json": {
    status: 202,
    episodes: times(25, "firing"),
    decisions: times(25, "observed"),
  },
  "am-v4-mixed-firing-resolved.json": {
    status: 202,
    episodes: "firing firing",
    decisions: "observed ignored:resolved_without_firing observed ignored:resolved_without_firing",
  },
  "am-v4-truncated.json": { status: 202, episodes: "firing firing", decisions: "observed observed" },
  "am-v4-utf8-label-names.json": FIRES,
  "am-v4-empty-groupby.json": FIRES,
  "am-v4-receiver-regex-escaped.json": FIRES,
  "am-v0.32-notification-reason.json": FIRES,
  "am-upstream-default-payload.json": NEVER_FIRED,
  "am-upstream-custom-payload-map.json": refused(""),
  "am-v0.20-no-truncatedalerts.json": FIRES,
  "grafana-v9.0-firing.json": FIRES,
  "grafana-v9.5-firing.json": FIRES,
  "grafana-v11.6-firing-dashboard-image.json": FIRES,
  "grafana-v11.6-resolved.json": NEVER_FIRED,
  "grafana-v12.0-mixed.json": {
    status: 202,
    episodes: "firing",
    decisions: "observed ignored:resolved_without_firing",
  },
  "grafana-v12.3-enrichments.json": FIRES,
  "grafana-v13-firing.json": FIRES,
  "grafana-nodata.json": META,
  "grafana-v9.5-nodata-with-state-reason.json": META,
  "grafana-datasource-error.json": META,
  "grafana-error-mapped-to-alerting.json": META,
  "grafana-values-null-nan.json": FIRES,
  "grafana-resolved-missingseries.json": NEVER_FIRED,
  "grafana-resolved-rule-updated.json": NEVER_FIRED,
  "grafana-receiver-regex-escaped.json": FIRES,
  "grafana-message-template-failed-empty.json": FIRES,
  "grafana-test-button-v9.5.json": TEST_BUTTON,
  "grafana-test-button-v12.4.json": TEST_BUTTON,
  "grafana-upstream-test-custom-message.json": FIRES,
  "grafana-upstream-test-truncated.json": {
    status: 202,
    episodes: "firing firing",
    decisions: "observed observed",
  },
  "grafana-custom-payload-arbitrary.json": refused(""),
  "grafana-legacy-alerting.json": FIRES,
  "grafana-legacy-ok.json": NEVER_FIRED,
  "grafana-legacy-test-button.json": TEST_BUTTON,
  "cloudevents-structured.json": refused(""),
  "malformed-not-json.json": refused(""),
  "malformed-truncated-body.json": refused(""),
  "malformed-empty-body.json": refused(""),
  "malformed-empty-object.json": refused(""),
  "malformed-alerts-missing.json": refused("/alerts"),
  "malformed-alerts-null.json": refused("/alerts"),
  "malformed-unknown-status.json": refused("/alerts/0/status"),
  "malformed-bad-timestamps.json": refused("/alerts/0/startsAt"),
  "malformed-future-startsat.json": FIRES,
  "malformed-version-number.json": FIRES,
  "malformed-no-alertname.json": FIRES,
  "malformed-null-maps.json": FIRES,
  "malformed-proto-pollution.json": FIRES,
  "malformed-duplicate-keys.json": FIRES,
  "malformed-shell-injection-labels.json": FIRES,
};

/** No payloads. */
const OTHERS = ["vectors-signatures-fingerprints.json"];

/** Bodies that follow each other on one source, with the states of its episodes after each, oldest first. */
const SEQUENCES: readonly {
  name: string;
  kind: "alertmanager" | "grafana";
  posts: readonly [string, string][];
}[] = [
  {
    name: "fire, HA duplicate, repeat, resolve, resolve again, fire later",
    kind: "alertmanager",
    posts: [
      ["am-v4-firing-single", "firing"],
      ["am-v4-ha-duplicate-peer-b", "firing"],
      ["am-v4-repeat", "firing"],
      ["am-v4-resolved-single", "resolved"],
      ["am-v4-resolved-single", "resolved"],
      ["am-v4-repeat", "resolved"],
      ["am-v4-firing-again-later-startsat", "resolved firing"],
      ["am-v4-firing-again-later-startsat", "resolved firing"],
    ],
  },
  {
    name: "fire again later without a resolve in between",
    kind: "alertmanager",
    posts: [
      ["am-v4-firing-single", "firing"],
      ["am-v4-firing-again-later-startsat", "ended firing"],
    ],
  },
  {
    name: "the same from Grafana, which is known to move the start",
    kind: "grafana",
    posts: [
      ["am-v4-firing-single", "firing"],
      ["am-v4-firing-again-later-startsat", "firing"],
    ],
  },
  {
    name: "legacy alerting and ok",
    kind: "grafana",
    posts: [
      ["grafana-legacy-alerting", "firing"],
      ["grafana-legacy-ok", "resolved"],
    ],
  },
];

const open: { app?: App; at?: ServiceFolder } = {};

/** A source for each row and each sequence, so that they do not know of each other. */
function settings(): string {
  const rows = Object.keys(ROWS).map((name, index) => {
    const kind = name.startsWith("grafana")
      ? "grafana"
      : name.startsWith("cloudevents")
        ? "generic"
        : "alertmanager";
    return `  - {name: row-${index}, kind: ${kind}}`;
  });
  const sequences = SEQUENCES.map(({ kind }, index) => `  - {name: sequence-${index}, kind: ${kind}}`);
  return `sources:\n${[...rows, ...sequences].join("\n")}\n`;
}

beforeAll(async () => {
  open.at = createServiceFolder({ "nightshift.yml": settings() });
  open.app = await startService(open.at);
});
afterAll(async () => {
  await open.app?.stop();
  open.at?.remove();
});

function service(): App {
  if (open.app === undefined) throw new Error("the service did not start");
  return open.app;
}

function post(source: string, name: string): Promise<Response> {
  return fetch(`${service().url}/webhooks/${source}`, {
    method: "POST",
    headers: {
      "content-type": name.startsWith("cloudevents") ? "application/cloudevents+json" : "application/json",
    },
    body: readFileSync(new URL(name, FOLDER)),
  });
}

async function episodesOf(source: string): Promise<string> {
  const rows = await service()
    .store.reader.selectFrom("episode")
    .select("state")
    .where("source", "=", source)
    .orderBy("id")
    .execute();
  return rows.map((row) => row.state).join(" ");
}

async function decisionsOf(deliveryId: string): Promise<string> {
  const rows = await service()
    .store.reader.selectFrom("decision")
    .select(["kind", "reason"])
    .where("delivery_id", "=", deliveryId)
    .orderBy("id")
    .execute();
  return rows.map(({ kind, reason }) => (reason === null ? kind : `${kind}:${reason}`)).join(" ");
}

test("every file of the folder has a row here", () => {
  expect(readdirSync(FOLDER).sort()).toEqual([...Object.keys(ROWS), ...OTHERS].sort());
});

const CASES = Object.entries(ROWS).map(([name, row], index) => ({ name, row, source: `row-${index}` }));

describe("payloads that are taken", () => {
  test.each(CASES.filter(({ row }) => row.status !== 400))("$name", async ({ name, row, source }) => {
    const response = await post(source, name);
    const answer = (await response.json()) as { delivery: string };
    expect(response.status).toBe(row.status);
    expect(await episodesOf(source)).toBe(row.episodes);
    expect(await decisionsOf(answer.delivery)).toBe(row.decisions);
  });
});

describe("payloads that are refused", () => {
  test.each(CASES.filter(({ row }) => row.status === 400))("$name", async ({ name, row, source }) => {
    const response = await post(source, name);
    expect(response.status).toBe(400);
    expect(response.headers.get("content-type")).toContain("application/problem+json");
    expect(await response.json()).toMatchObject({ status: 400, errors: [{ pointer: row.pointer }] });
    expect(await episodesOf(source)).toBe("");
  });
});

describe("payloads that follow each other", () => {
  test.each(SEQUENCES.map((sequence, index) => ({ ...sequence, source: `sequence-${index}` })))(
    "$name",
    async ({ source, posts }) => {
      const seen: string[] = [];
      for (const [name] of posts) {
        const response = await post(source, `${name}.json`);
        expect(response.status).toBe(202);
        await response.arrayBuffer();
        seen.push(await episodesOf(source));
      }
      expect(seen).toEqual(posts.map(([, states]) => states));
    },
  );

  test("a payload of 25 alerts delivered 20 times at once, by two peers, leaves 25 episodes", async () => {
    const source = "sequence-0";
    const before = await episodesOf(source);
    const name = "am-v4-firing-group-25.json";
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async () => (await post(source, name)).status),
    );
    expect(new Set(statuses)).toEqual(new Set([202]));
    expect(await episodesOf(source)).toBe(`${before} ${times(25, "firing")}`);
  });
});
