// What could not be told is given up where people see it, and told once more when they ask; a test notice says whether a notifier works.
import { expect, test } from "vitest";
import { noticeListCommand, noticeRetryCommand, noticeTestCommand } from "../../src/cli/notice.ts";
import type { CommandOutput } from "../../src/cli/output.ts";
import { startPagerDuty, ROUTING_KEY } from "../notify/pagerduty-server.ts";
import { startServer } from "../outbound/http-server.ts";
import { postAlerts } from "../support/alerts.ts";
import { waitFor } from "../support/wait.ts";
import { call, itemsOf, metricOf, type Service, startControls } from "./controls-fixture.ts";

interface NoticeJson {
  readonly id: string;
  readonly status: string;
  readonly attempts: number;
  readonly next_try_at: string | null;
  readonly error: string | null;
}

/** A receiver that answers as it is told, with 200 where nothing is said. */
async function setUp() {
  const statuses: number[] = [];
  const headers: Record<string, string> = {};
  const hook = await startServer((response) => response.writeHead(statuses.shift() ?? 200, headers).end());
  const pagerDuty = await startPagerDuty();
  const service = await startControls({
    "routing-key": ROUTING_KEY,
    "nightshift.yml": `
notifiers:
  - {name: hook, webhook: {url: "${hook.url}/hook/secret-path"}}
  - {name: pager, pagerduty: {routing_key: {file: routing-key}, url: "${pagerDuty.eventsUrl}"}}
notify: [{to: hook, events: [failed]}]
`,
    "runbooks/act.yml": "{name: act, target: local, steps: [{id: act, run: exit 3}]}\n",
  });
  return { service, hook, statuses, headers, pagerDuty };
}

async function fail(service: Service): Promise<void> {
  await postAlerts(service.app.url, [{ labels: { alertname: "Slow" } }]);
}

const noticesOf = async (service: Service, query = "") =>
  (await itemsOf(service, `/notices${query}`)) as unknown as NoticeJson[];

function noticeWith(service: Service, status: string): Promise<NoticeJson> {
  return waitFor(
    `a notice that is ${status}`,
    async () => (await noticesOf(service, `?status=${status}`))[0],
  );
}

async function run(command: (output: CommandOutput) => Promise<number>) {
  const written = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof written) => ({ write: (text: string) => (written[name] += text) });
  const exitCode = await command({ stdout: stream("stdout"), stderr: stream("stderr") });
  return { exitCode, ...written };
}

const at = ({ app }: Service) => ({ server: app.url, format: "text" as const });

test("a notice that is refused for good is dead at once: listed, counted, and sent once more when asked", async () => {
  const { service, hook, statuses } = await setUp();
  statuses.push(410);
  await fail(service);
  const dead = await noticeWith(service, "dead");
  expect(dead).toMatchObject({
    notifier: "hook",
    event: "failed",
    title: "act on local: the run failed",
    status: "dead",
    attempts: 1,
    sent_at: null,
    next_try_at: null,
    error: "notifier hook: the receiver answered HTTP 410",
  });
  expect((await call(service, "GET", "/status")).json["notices"]).toEqual({ pending: 0, dead: 1 });
  expect(await metricOf(service, 'notices_total{kind="webhook",result="dead"}')).toBe(1);
  const listed = await run((output) =>
    noticeListCommand({ ...at(service), status: "dead", limit: 50 }, output),
  );
  expect(listed.stdout).toMatch(
    new RegExp(`^ID .*\\n${dead.id} +dead +\\S+ +hook +failed +1 +act on local: .* HTTP 410\\n$`),
  );
  const retried = await run((output) => noticeRetryCommand(dead.id, at(service), output));
  expect(retried).toEqual({ exitCode: 0, stdout: "the notice is in line for hook again\n", stderr: "" });
  expect(await noticeWith(service, "sent")).toMatchObject({ id: dead.id, attempts: 1, error: null });
  expect(hook.seen).toHaveLength(2);
  const again = await run((output) => noticeRetryCommand(dead.id, at(service), output));
  expect(again).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("Not given up") as string });
});

test("a receiver that is busy is left alone for as long as it asks", async () => {
  const { service, statuses, headers } = await setUp();
  statuses.push(429);
  headers["retry-after"] = "1800";
  const beforeMs = Date.now();
  await fail(service);
  const waiting = await waitFor("the first try", async () => {
    const [notice] = await noticesOf(service, "?status=pending");
    return notice?.error === null ? undefined : notice;
  });
  const nextMs = Date.parse(waiting.next_try_at ?? "");
  expect(nextMs - beforeMs).toBeGreaterThanOrEqual(1_800_000);
  expect(nextMs - Date.now()).toBeLessThan(1_900_000);
});

test("a notice that fails again and again is given up after its last try", async () => {
  const { service, statuses } = await setUp();
  statuses.push(...Array.from({ length: 50 }, () => 503));
  await fail(service);
  await waitFor("the first try", async () => (await noticesOf(service))[0]?.error);
  await service.app.store.transaction((tx) =>
    tx.updateTable("outbox").set({ attempts: 19, due_at: 1 }).where("action", "=", "notify").execute(),
  );
  expect(await noticeWith(service, "dead")).toMatchObject({ attempts: 20 });
});

test("a test notice says whether the notifier works, and leaves no incident open", async () => {
  const { service, hook, statuses, pagerDuty } = await setUp();
  const test = (name: string) => run((output) => noticeTestCommand(name, at(service), output));
  expect(await test("hook")).toEqual({
    exitCode: 0,
    stdout: "hook (webhook) has taken the test notice\n",
    stderr: "",
  });
  expect(JSON.parse(hook.seen[0]?.body ?? "")).toMatchObject({
    type: "nightshift.test",
    data: { run: null },
  });
  expect((await test("pager")).exitCode).toBe(0);
  expect(pagerDuty.incidents.map(({ status }) => status)).toEqual(["resolved"]);
  statuses.push(403);
  const refused = await test("hook");
  expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
  expect(refused.stderr).toContain("Not delivered: notifier hook: the receiver answered HTTP 403");
  expect((await test("hok")).stderr).toContain("there is no notifier hok; did you mean hook?");
  expect(await noticesOf(service)).toEqual([]);
});

test.each([
  ["GET", "/notices?status=lost", 400],
  ["GET", "/notices?after=x", 400],
  ["POST", "/notices/x/retry", 404],
  ["POST", "/notices/01a21633-aeee-7000-9d01-a07e406ee4b0/retry", 404],
  ["POST", "/notifiers/none/test", 404],
])("%s %s is answered %d", async (method, path, status) => {
  const { service } = await setUp();
  expect((await call(service, method, path, method === "POST" ? {} : undefined)).status).toBe(status);
});

test("asking for another try, and for a test, stands in the audit log", async () => {
  const { service, statuses } = await setUp();
  statuses.push(410);
  await fail(service);
  const { id } = await noticeWith(service, "dead");
  await call(service, "POST", `/notices/${id}/retry`, {});
  await call(service, "POST", "/notifiers/hook/test", {});
  const rows = await service.app.store.reader
    .selectFrom("audit")
    .select(["action", "subject_kind", "subject_id"])
    .where("action", "in", ["notice.retry", "notice.test"])
    .orderBy("action")
    .execute();
  expect(rows.map(Object.values)).toEqual([
    ["notice.retry", "notifier", "hook"],
    ["notice.test", "notifier", "hook"],
  ]);
});
