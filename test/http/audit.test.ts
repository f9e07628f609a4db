// What people, rules and reloads change is written down once, with who and what, and can be read; test/cli/audit.test.ts verifies it.
import { execFile } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { isOver, postAlerts } from "../support/alerts.ts";
import { waitFor } from "../support/wait.ts";
import { call, itemsOf, pendingApproval, type Service, startControls } from "./controls-fixture.ts";

interface RecordJson {
  readonly id: string;
  readonly at: string;
  readonly principal: string;
  readonly action: string;
  readonly subject: { readonly kind: string; readonly id: string };
  readonly detail: Readonly<Record<string, unknown>>;
  readonly via: string | null;
  readonly remote_address: string | null;
  readonly sequence: number | null;
}

const END = { for: "2h", reason: "we deploy" };
const SLOW = { labels: { alertname: "Slow", instance: "web-1" } };
const FULL = { labels: { alertname: "Full", instance: "web-1" } };

async function records(service: Service, query = "order=asc&limit=200"): Promise<RecordJson[]> {
  return (await itemsOf(service, `/audit?${query}`)) as unknown as RecordJson[];
}

const plain = ({ principal, action, subject }: RecordJson) => `${principal} ${action} ${subject.kind}`;

async function endedRun(service: Service): Promise<string> {
  await postAlerts(service.app.url, [SLOW]);
  const run = await waitFor("the end of the run", async () => {
    const [found] = await itemsOf(service, "/runs?status=succeeded");
    return found !== undefined && isOver(found as never) ? found : null;
  });
  return String(run["id"]);
}

/** Once its bundle is sealed. */
async function bundleOf(service: Service, run: string): Promise<{ sha256: string; revision: number }> {
  return waitFor("the bundle", async () => {
    const { json } = await call(service, "GET", `/runs/${run}`);
    return json["bundle"] as { sha256: string; revision: number } | null;
  });
}

test("each change leaves one record; what changes nothing leaves none", async () => {
  const service = await startControls();
  const post = (path: string, body: unknown = {}) => call(service, "POST", path, body);
  const remove = (path: string) => call(service, "DELETE", path);
  await post("/pauses", { name: "deploy", scope: "rule:ask", ...END });
  await post("/pauses", { name: "deploy", scope: "rule:ask", ...END });
  await remove("/pauses/deploy");
  await remove("/pauses/deploy");
  await post("/hosts/web-1/hold", END);
  await remove("/hosts/web-1/hold");
  await remove("/hosts/web-1/hold");
  await post("/rules/act/breaker/reset");
  await post("/rules/nobody/breaker/reset");
  const run = await endedRun(service);
  for (const _again of [1, 2]) await post(`/runs/${run}/pin`);
  for (const _again of [1, 2]) await remove(`/runs/${run}/pin`);
  await post(`/runs/${run}/cancel`);
  await postAlerts(service.app.url, [FULL]);
  const { id } = await pendingApproval(service);
  for (const _again of [1, 2]) await post(`/approvals/${id}/reject`, { comment: "not now" });
  const [alert] = await itemsOf(service, "/alerts");
  await post(`/alerts/${String(alert?.["id"])}/replay`);
  await post("/admin/gc", { dry_run: true });
  // While one removal goes on, another one is refused.
  await waitFor("the removal", async () => ((await post("/admin/gc")).status === 202 ? true : null));
  const found = await records(service);
  expect(found.map(plain)).toEqual([
    "user:local pause.add pause",
    "user:local pause.remove pause",
    "user:local host.hold host",
    "user:local host.release host",
    "user:local breaker.reset rule",
    "rule:act run.start run",
    "user:local run.pin run",
    "user:local run.unpin run",
    "rule:ask run.start run",
    "user:local approval.reject run",
    "user:local alert.replay alert",
    "user:local gc service",
  ]);
  expect(found[0]).toMatchObject({
    subject: { kind: "pause", id: "deploy" },
    detail: { scope: "rule:ask", reason: "we deploy" },
    via: "local",
    remote_address: expect.stringContaining("127.0.0.1") as string,
  });
  expect(found[5]).toMatchObject({ subject: { id: run }, via: expect.stringMatching(/^alert:/) as string });
  expect(found[9]?.detail).toMatchObject({ approval: id, comment: "not now" });
});

test("a run that is stopped says who did it, once", async () => {
  const runbook = `name: act\ntarget: local\nsteps: [{id: act, command: ["sleep", "60"]}]\n`;
  const service = await startControls({ "runbooks/act.yml": runbook });
  await postAlerts(service.app.url, [SLOW]);
  const run = await waitFor("the run", async () => (await itemsOf(service, "/runs?status=running"))[0]);
  const id = String(run["id"]);
  await call(service, "POST", `/runs/${id}/cancel`);
  await waitFor("its end", async () =>
    (await call(service, "GET", `/runs/${id}`)).json["status"] === "cancelled" ? true : null,
  );
  const found = (await call(service, "GET", `/runs/${id}/audit`)).json["items"] as RecordJson[];
  expect(found.map(plain)).toEqual(["rule:act run.start run", "user:local run.cancel run"]);
});

test("a reload says what it changed, and that other ages hold", async () => {
  const service = await startControls();
  const file = service.at.configFile;
  expect(await service.app.reload()).toEqual([]);
  writeFileSync(file, `${readFileSync(file, "utf8")}\nretention: {audit: 500d}\n`);
  expect(await service.app.reload()).toEqual([]);
  const found = await records(service);
  expect(found.map(({ principal, via, action }) => `${principal} ${via ?? ""} ${action}`)).toEqual([
    "system signal config.reload",
    "system signal retention.change",
  ]);
  expect(found[0]?.detail).toMatchObject({ settings: ["retention"] });
  expect(found[1]?.detail).toMatchObject({
    before: { audit: 400 * 86_400_000 },
    after: { audit: 500 * 86_400_000 },
  });
});

test("a changed file that is taken on by itself is written down, too", async () => {
  const service = await startControls();
  const rules = readFileSync(join(service.at.folder, "rules/all.yml"), "utf8");
  service.at.write({ "rules/all.yml": rules.replace("name: ask", "name: asks") });
  const record = await waitFor("the record", async () => (await records(service))[0]);
  expect(record).toMatchObject({ principal: "system", action: "config.reload", via: "file" });
  expect(record.detail).toMatchObject({ rules: { added: ["asks"], removed: ["ask"] } });
});

test("secrets in what people write are not stored", async () => {
  const service = await startControls();
  const reason = "the login is https://dana:correct-horse-battery@db.example.net";
  await call(service, "POST", "/hosts/web-1/hold", { ...END, reason });
  const [record] = await records(service);
  expect(record?.detail["reason"]).toContain("[redacted:url-password]");
  const export_ = await (await fetch(`${service.app.url}/api/v1/audit/export`)).text();
  expect(export_).not.toContain("correct-horse");
});

describe("reading", () => {
  test("lists are narrowed and paged in both orders; what is no filter is 400", async () => {
    const service = await startControls();
    const begunAt = new Date(Date.now() - 1_000).toISOString();
    for (const name of ["a", "b", "c"])
      await call(service, "POST", "/pauses", { name, scope: "rule:act", ...END });
    await call(service, "DELETE", "/pauses/b");
    const subjects = async (query: string) =>
      (await records(service, query)).map(({ subject }) => subject.id);
    expect(await subjects("")).toEqual(["b", "c", "b", "a"]);
    expect(await subjects("action=pause.add&order=asc")).toEqual(["a", "b", "c"]);
    expect(await subjects("subject=pause:b")).toEqual(["b", "b"]);
    expect(await subjects("subject=host")).toEqual([]);
    expect(await subjects("principal=user:local&limit=1")).toEqual(["b"]);
    expect(await subjects("principal=user:dana")).toEqual([]);
    expect(await subjects(`since=${begunAt}`)).toHaveLength(4);
    expect(await subjects(`until=${begunAt}`)).toEqual([]);
    const { json } = await call(service, "GET", "/audit?limit=3");
    expect(await subjects(`limit=3&after=${String(json["next"])}`)).toEqual(["a"]);
    const wrong = ["action=dance", "subject=cat:1", "since=yesterday", "order=up", "after=x", "limit=0"];
    const answers = await Promise.all(wrong.map((query) => call(service, "GET", `/audit?${query}`)));
    expect(answers.map(({ status }) => status)).toEqual(wrong.map(() => 400));
  });

  test("an export has every record on a line of its own, oldest first", async () => {
    const service = await startControls();
    for (let number = 0; number < 30; number += 1)
      await call(service, "POST", "/pauses", { name: `p${number}`, scope: "rule:act", ...END });
    const response = await fetch(`${service.app.url}/api/v1/audit/export?action=pause.add`);
    expect(response.headers.get("content-type")).toContain("application/jsonl");
    const lines = (await response.text()).trimEnd().split("\n");
    const subjects = lines.map((line) => (JSON.parse(line) as RecordJson).subject.id);
    expect(subjects).toEqual(Array.from({ length: 30 }, (_, number) => `p${number}`));
  });

  test("a run's list and bundle have what was done to it; a later change leaves the bundle as it is", async () => {
    const service = await startControls();
    const run = await endedRun(service);
    const sealed = await bundleOf(service, run);
    await call(service, "POST", `/runs/${run}/pin`);
    const trail = await itemsOf(service, `/runs/${run}/audit`);
    expect(trail.map(({ principal, action }) => [principal, action])).toEqual([
      ["rule:act", "run.start"],
      ["user:local", "run.pin"],
    ]);
    const zip = join(service.at.folder, "bundle.zip");
    const body = await fetch(`${service.app.url}/api/v1/runs/${run}/bundle.zip`);
    writeFileSync(zip, Buffer.from(await body.arrayBuffer()));
    expect(await bundleOf(service, run)).toEqual(sealed);
    const { stdout } = await promisify(execFile)("unzip", ["-p", zip, "*/audit.jsonl"]);
    const events = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const signed = events.filter((event) => event["record"] !== null);
    expect(signed.map((event) => event["action"])).toEqual(["run.start"]);
    expect(signed[0]).toMatchObject({
      actor: "rule:act",
      record: { mac: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
    });
    expect(events.map((event) => event["action"])).toContain("run.finished");
  });
});

test("records are linked within moments, a checkpoint follows, and only the service may read the key", async () => {
  const service = await startControls();
  const { storagePath } = service.at;
  await call(service, "POST", "/pauses", { name: "deploy", scope: "rule:act", ...END });
  const linked = await waitFor("the link", async () => {
    const [record] = await records(service);
    return typeof record?.sequence === "number" ? record : null;
  });
  expect(linked.sequence).toBe(1);
  const file = join(storagePath, "audit-checkpoints.jsonl");
  const text = await waitFor("the checkpoint", async () => {
    const written = existsSync(file) ? readFileSync(file, "utf8") : "";
    return written.endsWith("\n") ? written : null;
  });
  expect(JSON.parse(text)).toMatchObject({ sequence: 1, count: 1 });
  const modes = [join(storagePath, "keys/audit"), join(storagePath, "keys"), file].map(
    (path) => statSync(path).mode & 0o777,
  );
  expect(modes).toEqual([0o600, 0o700, 0o600]);
});
