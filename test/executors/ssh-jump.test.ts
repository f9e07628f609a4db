// Proves how hosts behind jump hosts are reached: each machine on the way with its own key and credentials, by both transports.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Executor, ExecutorError } from "../../src/executors/executor.ts";
import { createSshExecutor } from "../../src/executors/ssh.ts";
import type { ConnectionOptions } from "../../src/executors/ssh-connection.ts";
import { type HostAccess, type InventoryHost, TRANSPORTS } from "../../src/hosts/host.ts";
import { processesWith, until } from "../support/processes.ts";
import { sshdAbsence, startSshd, type TestSshd } from "../support/sshd.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import { command, entry, Recorder, runOptions, sshAccess } from "./fixtures.ts";

if (sshdAbsence !== null) console.warn(`SKIPPED jump hosts: ${sshdAbsence}`);

const OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const NAMES = ["outer", "inner", "web-1"] as const;
type Name = (typeof NAMES)[number];

describe.skipIf(sshdAbsence !== null).each(TRANSPORTS)("over jump hosts by %s", (transport) => {
  let servers: Readonly<Record<Name, TestSshd>>;
  let folder = "";
  const open: Executor[] = [];
  beforeAll(async () => {
    servers = { outer: await startSshd(), inner: await startSshd(), "web-1": await startSshd() };
    folder = mkdtempSync(join(tmpdir(), "nightshift jump-"));
  });
  afterAll(async () => {
    await Promise.all(open.map((executor) => executor.close()));
    await Promise.all(Object.values(servers).map((server) => server.close()));
    rmSync(folder, { recursive: true });
  });

  /** web-1 behind inner behind outer. */
  function inventory(
    changes: Partial<Record<Name, Partial<HostAccess>>> = {},
    ports: Partial<Record<Name, number>> = {},
  ): (name: string) => InventoryHost | undefined {
    const hosts = NAMES.map((name, index): InventoryHost => {
      const server = servers[name];
      const via = NAMES[index - 1] ?? null;
      return entry({
        name,
        address: server.address,
        port: ports[name] ?? server.port,
        user: server.user,
        access: sshAccess(server, { transport, via, ...changes[name] }),
      });
    });
    return (name) => hosts.find((host) => host.name === name);
  }

  function executor(lookUp: ReturnType<typeof inventory>, connection: Partial<ConnectionOptions> = {}) {
    const made = createSshExecutor({ lookUp, connection });
    open.push(made);
    return made;
  }

  function hostOf(lookUp: ReturnType<typeof inventory>): InventoryHost {
    const host = lookUp("web-1");
    if (host === undefined) throw new Error("web-1 is not there");
    return host;
  }

  async function refusal(lookUp: ReturnType<typeof inventory>): Promise<ExecutorError> {
    const error = await executor(lookUp, { connectTimeoutMs: 5_000 })
      .run(hostOf(lookUp), command(["true"]), runOptions(new Recorder()))
      .catch((reason: unknown) => reason);
    if (!(error instanceof ExecutorError)) throw new Error(`no ExecutorError but ${JSON.stringify(error)}`);
    return error;
  }

  async function logins(name: Name): Promise<number> {
    return (await servers[name].log()).match(/Accepted publickey/g)?.length ?? 0;
  }

  test("reaches a host behind two, each with its own key", async () => {
    const lookUp = inventory();
    const output = new Recorder();
    const asked = command(["sh", "-c", 'printf "%s\\n" "$1"; cat; echo err >&2; exit 255', "sh", "it's"], {
      stdin: "in",
    });
    const result = await executor(lookUp).run(hostOf(lookUp), asked, runOptions(output));
    expect(result).toEqual({ kind: "exited", exitCode: 255 });
    expect([output.text(), output.text("stderr")]).toEqual(["it's\nin", "err\n"]);
    expect(await Promise.all(NAMES.map(logins))).toEqual([1, 1, 1]);
  });

  test("keeps the way open for the next command", async () => {
    const lookUp = inventory();
    const ssh = executor(lookUp);
    const before = await Promise.all(NAMES.map(logins));
    for (let round = 0; round < 3; round += 1)
      await ssh.run(hostOf(lookUp), command(["true"]), runOptions(new Recorder()));
    const after = await Promise.all(NAMES.map(logins));
    expect(after.map((count, index) => count - (before[index] ?? 0))).toEqual([1, 1, 1]);
  });

  test("a time limit ends what runs behind them", async () => {
    const lookUp = inventory();
    const ssh = executor(lookUp);
    await ssh.run(hostOf(lookUp), command(["true"]), runOptions(new Recorder()));
    const run = runOptions(new Recorder(), { timeoutMs: 500, killGraceMs: 200 });
    const result = await ssh.run(
      hostOf(lookUp),
      command(["sh", "-c", "trap '' TERM; setsid sleep 60 & sleep 60"]),
      run,
    );
    expect(result).toEqual({ kind: "timed_out" });
    await until(() => processesWith(run.cookie).length === 0);
  });

  describe("S3: a machine on the way is refused before it learns anything", () => {
    let cases = 0;
    const nameOf = (name: Name) => `[127.0.0.1]:${servers[name].port}`;
    const FILES: readonly (readonly [string, (name: Name) => string])[] = [
      ["unknown", () => ""],
      ["changed", (name) => `${nameOf(name)} ${OTHER_KEY}\n`],
      [
        "revoked",
        (name) => `${nameOf(name)} ${servers[name].hostKey}\n@revoked * ${servers[name].hostKey}\n`,
      ],
      ["known by an authority only", (name) => `@cert-authority * ${servers[name].hostKey}\n`],
    ];
    const WAYS = NAMES.flatMap((name) => FILES.map(([what, text]) => [name, what, text] as const));

    test.each(WAYS)("%s is %s", async (name, _, text) => {
      const file = join(mkdtempSync(join(folder, "known ")), "known_hosts");
      writeFileSync(file, text(name));
      const before = await Promise.all(NAMES.map((each) => servers[each].log()));
      const error = await refusal(inventory({ [name]: { knownHostsFile: file } }));
      expect(error).toMatchObject({ code: "host-key-refused", isRetryable: true });
      expect(error.message).toContain(`${name} (127.0.0.1 port ${servers[name].port}`);
      const at = NAMES.indexOf(name);
      const newLog = async () => (await servers[name].log()).slice((before[at] ?? "").length);
      await until(async () => (await newLog()).includes("Connection from"));
      const after = await Promise.all(NAMES.map((each) => servers[each].log()));
      const seen = after.map((log, index) => log.slice((before[index] ?? "").length));
      // With LogLevel VERBOSE sshd names every attempt to log in.
      expect(seen[at]).not.toMatch(/Accepted|Failed|publickey|authenticating user/);
      // What lies behind it was not even connected to.
      expect(seen.slice(at + 1).join("")).not.toContain("Connection from");
      cases += 1;
    });

    test("the sum of it", () => {
      expect(cases).toBe(WAYS.length);
      console.log(`PROMISE S3 transport=${transport} jumps=2 refused=${cases} logins_tried=0 ok`);
    });
  });

  test("a login that a jump host refuses is told from one of the host itself", async () => {
    const wrongKey = join(servers.outer.folder, "host_key");
    const atJump = await refusal(inventory({ inner: { keyFile: wrongKey } }));
    expect(atJump.code).toBe("login-refused");
    expect(atJump.message).toContain("inner (127.0.0.1");
    const atHost = await refusal(inventory({ "web-1": { keyFile: wrongKey } }));
    expect(atHost.code).toBe("login-refused");
    expect(atHost.message).toContain("web-1 (127.0.0.1");
  });

  test("a host that its jump host cannot connect to is unreachable", async () => {
    const known = join(folder, "any known_hosts");
    writeFileSync(known, `* ${servers["web-1"].hostKey}\n`);
    const lookUp = inventory({ "web-1": { knownHostsFile: known } }, { "web-1": 1 });
    const error = await refusal(lookUp);
    expect(error).toMatchObject({ code: "host-unreachable", isRetryable: true });
    expect(error.message).toContain("web-1 (127.0.0.1 port 1");
    expect(error.message).toContain("refused");
  });

  test("a jump host that forwards nothing makes the host unreachable", async () => {
    const closed = await startSshd(["AllowTcpForwarding no"]);
    try {
      const access = sshAccess(closed, { transport });
      const jump = entry({
        name: "closed",
        address: closed.address,
        port: closed.port,
        user: closed.user,
        access,
      });
      const base = inventory({ "web-1": { via: "closed" } });
      const error = await refusal((name) => (name === "closed" ? jump : base(name)));
      expect(error).toMatchObject({ code: "host-unreachable", isRetryable: true });
      expect(error.message).toMatch(/AllowTcpForwarding|prohibited/);
    } finally {
      await closed.close();
    }
  });

  test("R19: a jump host cut off in the middle loses the command; the next one gets a new way", async () => {
    const proxy = await startTcpProxy(servers.outer.port);
    try {
      const known = join(folder, "proxy known_hosts");
      writeFileSync(known, `[127.0.0.1]:${proxy.port} ${servers.outer.hostKey}\n`);
      const lookUp = inventory({ outer: { knownHostsFile: known } }, { outer: proxy.port });
      const ssh = executor(lookUp);
      const output = new Recorder();
      const run = runOptions(output, { timeoutMs: 2_000 });
      const running = ssh.run(hostOf(lookUp), command(["sh", "-c", "echo up; sleep 60"]), run);
      await until(() => output.text().includes("up"));
      proxy.cut();
      expect(await running).toMatchObject({ kind: "lost" });
      // The host itself ends it at its limit.
      await until(() => processesWith(run.cookie).length === 0);
      const again = await ssh.run(hostOf(lookUp), command(["true"]), runOptions(new Recorder()));
      expect(again).toEqual({ kind: "exited", exitCode: 0 });
    } finally {
      await proxy.close();
    }
  });

  test("a jump host that has left the inventory starts nothing", async () => {
    const base = inventory();
    const error = await refusal((name) => (name === "inner" ? undefined : base(name)));
    expect(error).toMatchObject({ code: "unknown-host", isRetryable: false });
    expect(error.message).toContain("inner");
  });
});
