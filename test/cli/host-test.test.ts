// Proves that `host test` finds what is wrong with a host and says what to do, from the configuration alone.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HostTestOptions, hostTestCommand } from "../../src/cli/host-test.ts";
import { sshdAbsence, startSshd, type TestSshd } from "../support/sshd.ts";

if (sshdAbsence !== null) console.warn(`SKIPPED host test over SSH: ${sshdAbsence}`);

const programFolder = join(import.meta.dirname, "../..");

interface Check {
  readonly check: string;
  readonly status: string;
  readonly message: string;
  readonly advice: string | null;
}
interface Item {
  readonly name: string;
  readonly ok: boolean;
  readonly checks: readonly Check[];
}

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "nightshift-host-test-"));
  writeFileSync(join(folder, "nightshift.yml"), "rules: []\n".replace("[]", "[no-rules.yml]"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function run(hosts: string, options: Partial<HostTestOptions> = {}) {
  writeFileSync(join(folder, "hosts.yml"), hosts);
  const written = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof written) => ({ write: (text: string) => (written[name] += text) });
  const exitCode = await hostTestCommand(
    {
      names: [],
      selector: null,
      configFile: join(folder, "nightshift.yml"),
      format: "json",
      ...options,
    },
    programFolder,
    { stdout: stream("stdout"), stderr: stream("stderr") },
  );
  const answer = written.stdout.startsWith("{")
    ? (JSON.parse(written.stdout) as { readonly items: readonly Item[] })
    : { items: [] };
  return { exitCode, ...written, items: answer.items };
}

function failuresOf(items: readonly Item[]): Record<string, Check[]> {
  return Object.fromEntries(
    items.map(({ name, checks }) => [name, checks.filter(({ status }) => status === "failed")]),
  );
}

describe("the machine itself", () => {
  test("is tested without SSH", async () => {
    const { exitCode, items } = await run("hosts: [{name: local, readable: [/etc/passwd]}]");
    expect(exitCode).toBe(0);
    const checks = items[0]?.checks.map(({ check, status }) => `${check} ${status}`);
    expect(checks).toEqual(["shell ok", "clock skipped", "disk ok", "programs ok", "readable ok"]);
  });

  test("a glob that matches nothing is named", async () => {
    const { exitCode, stdout } = await run("hosts: [{name: local, readable: [/etc/passwd, /no/such/**]}]", {
      format: "text",
    });
    expect(exitCode).toBe(1);
    expect(stdout).toContain("local: FAILED");
    expect(stdout).toContain("readable: nothing matches /no/such/**");
    expect(stdout).toContain("correct the globs under readable");
  });
});

describe("choosing hosts", () => {
  const HOSTS = "hosts: [{name: web-1, address: 127.0.0.1, port: 1, labels: {role: web}}]";

  test.each([
    ["an unknown name", { names: ["wbe-1"] }, 'did you mean "web-1"?'],
    ["a selector that selects nothing", { selector: 'role = "db"' }, "selects no host"],
    ["a selector that is none", { selector: 'role = "web' }, "closing"],
  ])("refuses %s", async (_, options, message) => {
    const { exitCode, stderr, stdout } = await run(HOSTS, options);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
  });

  test("refuses an inventory with a problem, and minds none of rules", async () => {
    const { exitCode, stderr } = await run("hosts: [{name: web-1}]");
    expect(exitCode).toBe(2);
    expect(stderr).toContain("needs an address");
  });

  test.each([
    ["by name", { names: ["web-1"] }, ["web-1"]],
    ["by a label", { selector: 'role = "web"' }, ["web-1"]],
    ["all", {}, ["web-1", "local"]],
  ])("takes them %s", async (_, options, names) => {
    const { items } = await run(HOSTS, options);
    expect(items.map(({ name }) => name)).toEqual(names);
  });
});

describe.skipIf(sshdAbsence !== null)("over SSH", () => {
  const OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  let sshd: TestSshd;
  let jump: TestSshd;
  beforeAll(async () => {
    const bin = join(folder, "bin");
    mkdirSync(bin);
    // Not every machine has sudo: this one lets the tests become app, and nobody else.
    const sudo =
      '#!/bin/sh\n[ "$3" = app ] || { echo "sudo: a password is required" >&2; exit 1; }\nshift 4\nexec "$@"\n';
    writeFileSync(join(bin, "sudo"), sudo);
    chmodSync(join(bin, "sudo"), 0o755);
    const withSudo = `ForceCommand PATH=${bin}:/usr/bin:/bin; export PATH; exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"`;
    [sshd, jump] = await Promise.all([startSshd([withSudo]), startSshd()]);
    writeFileSync(join(folder, "empty"), "");
    writeFileSync(join(folder, "changed"), `[127.0.0.1]:${sshd.port} ${OTHER_KEY}\n`);
  });
  afterAll(async () => {
    await Promise.all([sshd.close(), jump.close()]);
  });

  const host = (name: string, more = "") =>
    `  - {name: ${name}, address: 127.0.0.1, port: ${sshd.port}, user: ${sshd.user}, key: {file: "${sshd.keyFile}"}, ${
      more.includes("known_hosts") ? "" : `known_hosts: "${sshd.knownHostsFile}", `
    }${more}}\n`;

  test.each(["ssh2", "openssh"])("a host of %s that lacks nothing is good", async (transport) => {
    const more = `transport: ${transport}, become: [app], readable: [/etc/passwd]`;
    const { exitCode, items } = await run(`hosts:\n${host("web-1", more)}`, { names: ["web-1"] });
    expect(failuresOf(items)).toEqual({ "web-1": [] });
    expect(exitCode).toBe(0);
    expect(items[0]?.checks.map(({ check }) => check)).toEqual([
      "reachable",
      "host key",
      "login",
      "shell",
      "clock",
      "disk",
      "programs",
      "become app",
      "readable",
    ]);
  });

  test.each(["ssh2", "openssh"])(
    "each thing that is wrong with hosts of %s has its advice",
    async (transport) => {
      const wrongKey = join(sshd.folder, "host_key");
      const text = [
        "hosts:\n",
        host("good", `transport: ${transport}`),
        host("unknown", `transport: ${transport}, known_hosts: empty`),
        host("changed", `transport: ${transport}, known_hosts: changed`),
        host("stranger", `transport: ${transport}`).replace(sshd.keyFile, wrongKey),
        host("closed", `transport: ${transport}`).replace(`port: ${sshd.port}`, "port: 1"),
        host("poor", `transport: ${transport}, become: [app, nobody], readable: [/no/such/**]`),
      ].join("");
      const { exitCode, items } = await run(text, { selector: 'role!="x"' });
      expect(exitCode).toBe(1);
      const failures = failuresOf(items);
      expect(failures["good"]).toEqual([]);
      const first = (name: string) => failures[name]?.[0];
      for (const name of ["unknown", "changed"]) {
        expect(first(name)?.check).toBe("host key");
        expect(first(name)?.message).toContain("SHA256:");
        expect(first(name)?.advice).toContain(`ssh-keyscan -t ed25519 -p ${sshd.port} 127.0.0.1`);
        expect(first(name)?.advice).toContain("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub");
      }
      expect(first("stranger")).toMatchObject({ check: "login" });
      expect(first("stranger")?.advice).toContain("authorized_keys");
      expect(first("closed")).toMatchObject({ check: "reachable" });
      expect(first("closed")?.advice).toContain("port 1 of 127.0.0.1");
      expect(failures["poor"]?.map(({ check }) => check)).toEqual(["become nobody", "readable"]);
      expect(first("poor")?.message).toContain("a password is required");
      expect(first("poor")?.advice).toContain("ALL=(nobody) NOPASSWD: /bin/sh");
    },
  );

  test("a host behind a jump host that refuses names the jump host", async () => {
    const bastion = `  - {name: bastion, address: 127.0.0.1, port: ${jump.port}, user: ${jump.user}, known_hosts: "${jump.knownHostsFile}", key: {file: "${sshd.keyFile}"}}\n`;
    const { items } = await run(`hosts:\n${bastion}${host("web-1", "via: bastion")}`, { names: ["web-1"] });
    expect(items[0]?.checks.at(-1)).toMatchObject({ check: "login", status: "failed" });
    expect(items[0]?.checks.at(-1)?.message).toContain("bastion (127.0.0.1");
  });
});
