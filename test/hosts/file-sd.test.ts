// Proves how the targets of Prometheus become hosts.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { CatalogHolder } from "../../src/catalog/reload.ts";
import { waitFor } from "../support/wait.ts";
import { loadTexts } from "./hosts-file.ts";

const HOSTS = `
defaults:
  user: deploy
  port: 2222
  known_hosts: known_hosts
  key: {file: id}
  via: bastion
  become: [app]
  readable: [/var/log/**]
  writable: [/etc/ssl/web/*]
  exclusive: false
hosts:
  - {name: bastion, address: 10.0.0.1}
`;

function inventory(texts: Readonly<Record<string, string>>) {
  const { inventory: loaded, problems } = loadTexts(texts);
  expect(problems).toEqual([]);
  return loaded;
}

describe("a target", () => {
  test("is a host named after it, reached as the defaults of hosts.yml say", () => {
    const loaded = inventory({
      "hosts.yml": HOSTS,
      "targets.yml": `- {targets: ["web-1.example.net:9100"], labels: {role: web, __meta_zone: a}}`,
    });
    expect(loaded.resolve("web-1.example.net:9100")).toEqual({
      name: "web-1.example.net",
      address: "web-1.example.net",
      port: 2222,
      user: "deploy",
      labels: { role: "web", __meta_zone: "a" },
      aliases: [],
      access: {
        transport: "ssh2",
        via: "bastion",
        knownHostsFile: "/etc/nightshift/known_hosts",
        keyFile: "/etc/nightshift/id",
        passphrase: null,
        password: null,
        isAgentUsed: false,
      },
      become: ["app"],
      readable: ["/var/log/**"],
      writable: ["/etc/ssl/web/*"],
      isAutomated: true,
      isExclusive: false,
    });
  });

  test("is read from JSON as Prometheus reads it", () => {
    const json = `[\n\t{\n\t\t"targets": ["10.0.0.7:9100", "10.0.0.8"],\n\t\t"labels": {"path": "a\\/b", "role": "db"}\n\t}\n]\n`;
    const loaded = inventory({ "targets.json": json });
    expect(loaded.resolve("10.0.0.8").labels).toEqual({ path: "a/b", role: "db" });
    expect(loaded.resolve("10.0.0.7")).toMatchObject({ name: "10.0.0.7", address: "10.0.0.7", port: 22 });
  });

  test.each([
    [`nightshift_name: web-7, __meta_hostname: other`, "web-7"],
    [`__meta_hostname: web-8`, "web-8"],
  ])("takes its name from the labels {%s}", (labels, name) => {
    const loaded = inventory({ "t.yml": `- {targets: ["[2001:db8::5]:9100"], labels: {${labels}}}` });
    expect(loaded.resolve("[2001:db8::5]:9100").name).toBe(name);
    expect(loaded.named(name)?.address).toBe("2001:db8::5");
  });

  test("of several ports is one host, with the labels that all of them share", () => {
    const loaded = inventory({
      "a.yml": `- {targets: ["web-1:9100"], labels: {env: prod, job: node, only: a}}`,
      "b.yml": `- {targets: ["web-1:9113"], labels: {env: prod, job: nginx}}`,
    });
    expect(loaded.resolve("web-1").labels).toEqual({ env: "prod" });
    expect(loaded.hosts.map(({ name }) => name)).toEqual(["web-1", "local"]);
  });

  test("may stand in an empty list, or in no group", () => {
    expect(inventory({ "t.json": "[]" }).hosts.map(({ name }) => name)).toEqual(["local"]);
    expect(inventory({ "t.json": `[{"targets": []}]` }).hosts).toHaveLength(1);
  });
});

describe("is refused", () => {
  const codes = (texts: Readonly<Record<string, string>>) =>
    loadTexts(texts).problems.map(({ file, line, code }) => `${file}:${line} ${code}`);

  test("a target that hosts.yml declares, too", () => {
    const texts = { "hosts.yml": HOSTS, "t.yml": `- targets:\n  - "bastion:9100"\n` };
    expect(codes(texts)).toEqual(["t.yml:2 repeated-name"]);
  });

  test("a list of targets where two files have defaults", () => {
    const texts = { "a.yml": HOSTS, "b.yml": "defaults: {user: root}\nhosts: []\n", "t.json": "[]" };
    expect(codes(texts)).toEqual(["t.json:1 ambiguous-defaults"]);
  });
});

describe("defaults", () => {
  test("give no right and no way to the machine itself", () => {
    const loaded = inventory({ "hosts.yml": `${HOSTS}  - {name: local}\n` });
    expect(loaded.local).toMatchObject({ readable: [], writable: [], become: [], address: "" });
    expect(loaded.local.access.via).toBeNull();
  });

  test("of a jump host do not send it through itself, and null is a direct way", () => {
    const loaded = inventory({
      "hosts.yml": `${HOSTS}  - {name: web-1, address: 10.0.0.2}\n  - {name: web-2, address: 10.0.0.3, via: null}\n`,
    });
    const viaOf = (name: string) => loaded.named(name)?.access.via;
    expect(["bastion", "web-1", "web-2"].map(viaOf)).toEqual([null, "bastion", null]);
  });

  test("are taken where the entry says nothing, whole lists at a time", () => {
    const loaded = inventory({
      "hosts.yml": `${HOSTS}  - {name: web-1, address: 10.0.0.2, readable: [], exclusive: true}\n`,
    });
    expect(loaded.named("web-1")).toMatchObject({ readable: [], become: ["app"], isExclusive: true });
  });
});

test("a file of targets is watched, and a wrong one leaves what was in use", async () => {
  const path = await mkdtemp(join(tmpdir(), "nightshift-file-sd-"));
  onTestFinished(() => rm(path, { recursive: true }));
  for (const name of ["rules", "runbooks", "targets"]) await mkdir(join(path, name));
  const write = (text: string) => writeFile(join(path, "targets/web.json"), text);
  await write(`[{"targets": ["web-1:9100"]}]`);
  await writeFile(join(path, "rules/a.yml"), "rules: []\n");
  await writeFile(join(path, "runbooks/a.yml"), "name: look\nsteps: [{wait: 1s}]\n");
  const holder = await CatalogHolder.open({
    folder: path,
    rules: ["rules/*.yml"],
    runbooks: ["runbooks/*.yml"],
    hosts: ["targets/*.json"],
    notifierNames: [],
    sourceNames: [],
    intervals: new Map(),
  });
  onTestFinished(() => holder.close());
  const names = () => holder.current().inventory.hosts.map(({ name }) => name);
  expect(names()).toEqual(["web-1", "local"]);
  holder.watch(
    () => {},
    () => {},
  );
  await write(`[{"targets": ["web-1:9100", "web-2:9100"]}]`);
  await waitFor("the second target", () => names().includes("web-2"));
  await write(`[{"targets": "web-3:9100"}]`);
  await waitFor("the problem", () => holder.problems().length > 0);
  expect(holder.problems()[0]).toMatchObject({ line: 1, column: 14, code: "invalid-value" });
  expect(names()).toEqual(["web-1", "web-2", "local"]);
});
