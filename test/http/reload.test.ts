// The four ways to a new configuration, each through the running service: what changed is told by the log, the status and the
// metrics, and a configuration that is wrong changes nothing but those.
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { expect, onTestFinished, test } from "vitest";
import type { App } from "../../src/app.ts";
import { createLog } from "../../src/platform/log.ts";
import { type ChildService, freePort, startChild } from "../support/child-service.ts";
import {
  type ConfigurationFiles,
  createServiceFolder,
  type ServiceFolder,
  startService,
} from "../support/service.ts";
import { waitFor } from "../support/wait.ts";

const LIMIT_MS = 20_000;
const rules = (...names: readonly string[]) =>
  `rules:\n${names.map((name) => `  - {name: ${name}, mode: observe, matchers: ['alertname = "${name}"']}\n`).join("")}`;
const settings = (extra = "") =>
  `notifiers: [{name: log, log: {}}]\nnotify: [{to: log, events: [failed]}]\n${extra}`;
const NOTHING = { added: [], removed: [], changed: [], more: 0 };

interface Status {
  readonly configuration: {
    readonly digest: string;
    readonly revision: number;
    readonly loaded_at: string;
    readonly last_reload: {
      readonly at: string;
      readonly ok: boolean;
      readonly problems: readonly string[];
      readonly changed: Readonly<Record<string, unknown>> | null;
    } | null;
  };
}

async function configurationOf(url: string): Promise<Status["configuration"]> {
  return ((await (await fetch(`${url}/api/v1/status`)).json()) as Status).configuration;
}

async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split("\n").find((each) => each.startsWith(`nightshift_${name} `));
  return Number(line?.split(" ")[1]);
}

async function ruleNames(url: string): Promise<string[]> {
  const { items } = (await (await fetch(`${url}/api/v1/rules`)).json()) as { items: { name: string }[] };
  return items.map(({ name }) => name);
}

const lastReload = (url: string) =>
  waitFor("a reload", async () => (await configurationOf(url)).last_reload, LIMIT_MS);

async function open(files: ConfigurationFiles): Promise<{ app: App; at: ServiceFolder; log: string[] }> {
  const log: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      log.push(chunk.toString());
      done();
    },
  });
  const at = createServiceFolder(files);
  const app = await startService(at, { log: createLog({ level: "info", format: "json", stream }) });
  onTestFinished(async () => {
    await app.stop();
    at.remove();
  });
  return { app, at, log };
}

async function openChild(at: ServiceFolder): Promise<ChildService> {
  const child = await startChild(at, { port: await freePort() });
  onTestFinished(async () => {
    await child.terminate();
    at.remove();
  });
  return child;
}

/** As Kubernetes mounts a ConfigMap: each file is a link through `..data`, which is a link to a folder with the time in its name. */
function createConfigMap(files: ConfigurationFiles): ServiceFolder {
  const folder = mkdtempSync(join(tmpdir(), "nightshift-configmap-"));
  const mount = join(folder, "mount");
  let mounted = 0;
  const write = (changed: ConfigurationFiles) => {
    const before = mounted;
    mounted += 1;
    for (const [name, text] of Object.entries(changed)) {
      mkdirSync(join(mount, `..2026_${mounted}`), { recursive: true });
      writeFileSync(join(mount, `..2026_${mounted}`, name), text);
    }
    symlinkSync(`..2026_${mounted}`, join(mount, "..data_tmp"));
    renameSync(join(mount, "..data_tmp"), join(mount, "..data"));
    if (before === 0)
      for (const name of Object.keys(changed)) symlinkSync(join("..data", name), join(mount, name));
    else rmSync(join(mount, `..2026_${before}`), { recursive: true });
  };
  write(files);
  return {
    folder,
    configFile: join(mount, "nightshift.yml"),
    storagePath: join(folder, "data"),
    write,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

test("SIGHUP takes on rules and settings, and says what changed", async () => {
  const at = createServiceFolder({
    "nightshift.yml": settings(),
    "rules/all.yml": rules("one", "two", "three"),
  });
  const child = await openChild(at);
  expect((await configurationOf(child.url)).last_reload).toBe(null);
  at.write({
    "nightshift.yml": settings("limits: {max_runs: 3}\nsources: [{name: fresh, kind: grafana}]\n"),
  });
  process.kill(child.pid, "SIGHUP");
  const reload = await lastReload(child.url);
  expect(reload).toMatchObject({ ok: true, problems: [], changed: { rules: NOTHING, rule_order: false } });
  expect(reload.changed?.["settings"]).toEqual([
    "limits.max_runs",
    "sources.alertmanager",
    "sources.fresh",
    "sources.generic",
    "sources.grafana",
  ]);
  expect(child.log()).toContain("configuration reloaded");
  expect(child.log()).toContain("limits.max_runs");
});

test("a changed file is taken on by itself, with the names of what it changed", async () => {
  const { app, at, log } = await open({
    "rules/all.yml": rules("one", "two", "three", "four"),
    "hosts.yml": "hosts: [{name: web-1, address: 10.0.0.1}, {name: web-2, address: 10.0.0.2}]\n",
  });
  const before = await configurationOf(app.url);
  // Only the order and a comment differ in what stays.
  at.write({
    "rules/all.yml": `# tidied\n${rules("one", "four", "three", "five").replace("observe, matchers: ['alertname = \"three\"']", "observe, matchers: []")}`,
  });
  const reload = await lastReload(app.url);
  expect(reload).toMatchObject({
    ok: true,
    problems: [],
    changed: {
      rules: { added: ["five"], removed: ["two"], changed: ["three"], more: 0 },
      rule_order: true,
      runbooks: NOTHING,
      hosts: NOTHING,
      settings: [],
    },
  });
  const after = await configurationOf(app.url);
  expect(after.revision).toBe(before.revision + 1);
  expect(after.digest).not.toBe(before.digest);
  expect(Date.parse(after.loaded_at)).toBeGreaterThan(Date.parse(before.loaded_at));
  expect(await ruleNames(app.url)).toEqual(["one", "four", "three", "five"]);
  const line = log
    .map((each) => JSON.parse(each) as Record<string, unknown>)
    .find((each) => each["msg"] === "configuration reloaded");
  expect(line).toMatchObject({
    rules: { added: ["five"], removed: ["two"], changed: ["three"] },
    ruleOrder: "changed",
  });
  expect(line).not.toHaveProperty("hosts");
});

test("POST /-/reload takes on runbooks and hosts", async () => {
  const { app, at } = await open({
    "hosts.yml": "hosts: [{name: web-1, address: 10.0.0.1}, {name: web-2, address: 10.0.0.2}]\n",
  });
  at.write({
    "hosts.yml": "hosts: [{name: web-1, address: 10.0.0.9}, {name: web-3, address: 10.0.0.3}]\n",
    "runbooks/nothing.yml": "name: nothing\nsteps: [{wait: 1s}]\n",
    "runbooks/more.yml": "name: more\nsteps: [{wait: 1s}]\n",
  });
  expect((await fetch(`${app.url}/-/reload`, { method: "POST" })).status).toBe(200);
  expect((await configurationOf(app.url)).last_reload?.changed).toEqual({
    rules: NOTHING,
    schedules: NOTHING,
    rule_order: false,
    runbooks: { added: ["more"], removed: [], changed: ["nothing"], more: 0 },
    hosts: { added: ["web-3"], removed: ["web-2"], changed: ["web-1"], more: 0 },
    settings: [],
  });
  const { revision } = await configurationOf(app.url);
  expect((await fetch(`${app.url}/-/reload`, { method: "POST" })).status).toBe(200);
  const again = await configurationOf(app.url);
  expect(again.last_reload).toMatchObject({ ok: true, changed: null });
  expect(again.revision).toBe(revision);
});

test("a ConfigMap that Kubernetes swaps is taken on", async () => {
  const files = {
    "nightshift.yml": settings('rules: ["*.rules.yml"]\nrunbooks: ["*.runbook.yml"]\n'),
    "hosts.yml": "hosts: []\n",
    "web.rules.yml": rules("before"),
    "nothing.runbook.yml": "name: nothing\nsteps: [{wait: 1s}]\n",
  };
  const at = createConfigMap(files);
  const child = await openChild(at);
  expect(await ruleNames(child.url)).toEqual(["before"]);
  at.write({ ...files, "web.rules.yml": rules("after") });
  expect((await lastReload(child.url)).changed).toMatchObject({
    rules: { added: ["after"], removed: ["before"] },
  });
  expect(await ruleNames(child.url)).toEqual(["after"]);
  // Once more, since the folder that was watched at first is gone.
  at.write({ ...files, "web.rules.yml": rules("after", "last") });
  await waitFor("the second swap", async () => (await ruleNames(child.url)).includes("last"), LIMIT_MS);
  at.write({ ...files, "web.rules.yml": "rules: [{name: broken}]\n" });
  const refused = await waitFor(
    "the refusal",
    async () => {
      const { last_reload } = await configurationOf(child.url);
      return last_reload?.ok === false && last_reload;
    },
    LIMIT_MS,
  );
  expect(refused.problems[0]).toMatch(/web\.rules\.yml:1:\d+: /);
  expect(await ruleNames(child.url)).toEqual(["after", "last"]);
});

test("a refused file is told by log, status and metric until the files are good again", async () => {
  const { app, at, log } = await open({ "rules/all.yml": rules("one") });
  const loadedAt = await metric(app.url, "config_last_reload_success_timestamp_seconds");
  const before = await configurationOf(app.url);
  at.write({ "rules/all.yml": "rules: [{name: one, mode: obsrve, matchers: []}, {nam: two}]\n" });
  const refused = await lastReload(app.url);
  expect(refused).toMatchObject({ ok: false, changed: null });
  expect(refused.problems.length).toBeGreaterThanOrEqual(2);
  expect(refused.problems.join("\n")).toContain("all.yml:1:");
  expect(await configurationOf(app.url)).toEqual({ ...before, last_reload: refused });
  expect(await metric(app.url, "config_last_reload_successful")).toBe(0);
  expect(await metric(app.url, "config_last_reload_success_timestamp_seconds")).toBe(loadedAt);
  const line = log
    .map((each) => JSON.parse(each) as Record<string, unknown>)
    .find((each) => each["level"] === "error");
  expect(line).toMatchObject({ count: refused.problems.length, problems: refused.problems });
  // The same text as before: nothing changes, but nothing is wrong any more.
  at.write({ "rules/all.yml": rules("one") });
  await waitFor("the good news", async () => (await configurationOf(app.url)).last_reload?.ok, LIMIT_MS);
  expect(await metric(app.url, "config_last_reload_successful")).toBe(1);
  expect((await configurationOf(app.url)).revision).toBe(before.revision);
});

test("settings that were refused stay told when rules change meanwhile", async () => {
  const { app, at } = await open({ "nightshift.yml": settings(), "rules/all.yml": rules("one") });
  at.write({ "nightshift.yml": settings("limits: {max_runs: many}\n") });
  expect((await fetch(`${app.url}/-/reload`, { method: "POST" })).status).toBe(422);
  at.write({ "rules/all.yml": rules("one", "two") });
  const reload = await waitFor(
    "the new rule",
    async () => {
      const { last_reload } = await configurationOf(app.url);
      return last_reload?.changed === null ? null : last_reload;
    },
    LIMIT_MS,
  );
  expect(reload).toMatchObject({ ok: false, changed: { rules: { added: ["two"] } } });
  expect(reload?.problems[0]).toContain("nightshift.yml:3:");
  expect(await metric(app.url, "config_last_reload_successful")).toBe(0);
  at.write({ "nightshift.yml": settings() });
  expect((await fetch(`${app.url}/-/reload`, { method: "POST" })).status).toBe(200);
  expect(await metric(app.url, "config_last_reload_successful")).toBe(1);
});
