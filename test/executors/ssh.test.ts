// Proves what happens on the way to a host: which servers are trusted, and how connections are kept.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Executor, ExecutorError } from "../../src/executors/executor.ts";
import { createSshExecutor } from "../../src/executors/ssh.ts";
import type { ConnectionOptions } from "../../src/executors/ssh-connection.ts";
import type { Host, InventoryHost } from "../../src/hosts/host.ts";
import { until } from "../support/processes.ts";
import { sshdAbsence, startSshd, type TestSshd } from "../support/sshd.ts";
import { command, Recorder, runOptions, sshAccess, sshEntry, sshHost } from "./fixtures.ts";

if (sshdAbsence !== null) console.warn(`SKIPPED SSH: ${sshdAbsence}`);

describe.skipIf(sshdAbsence !== null)("over SSH", () => {
  let sshd: TestSshd;
  let folder = "";
  const open: Executor[] = [];
  beforeAll(async () => {
    sshd = await startSshd(["MaxSessions 10"]);
    folder = mkdtempSync(join(tmpdir(), "nightshift-ssh-"));
  });
  afterAll(async () => {
    await Promise.all(open.map((executor) => executor.close()));
    await sshd.close();
    rmSync(folder, { recursive: true });
  });

  function executor(
    entry: Partial<InventoryHost> = {},
    connection: Partial<ConnectionOptions> = {},
  ): Executor {
    const made = createSshExecutor({ lookUp: () => sshEntry(sshd, entry), connection });
    open.push(made);
    return made;
  }

  function knownHosts(text: string): Partial<InventoryHost> {
    const file = join(mkdtempSync(join(folder, "known-")), "known_hosts");
    writeFileSync(file, text);
    return { access: sshAccess(sshd, { knownHostsFile: file }) };
  }

  async function refusal(
    entry: Partial<InventoryHost>,
    host: Host = sshHost(sshd),
    connection: Partial<ConnectionOptions> = {},
  ): Promise<ExecutorError> {
    const error = await executor(entry, connection)
      .run(host, command(["true"]), runOptions(new Recorder()))
      .then(
        () => null,
        (reason: unknown) => reason,
      );
    if (!(error instanceof ExecutorError)) throw new Error(`no ExecutorError but ${String(error)}`);
    return error;
  }

  test("gives back streams and exit code, in the folder and environment asked for", async () => {
    const output = new Recorder();
    const asked = command(["sh", "-c", 'pwd; printf "%s" "$VALUE"; cat; echo err >&2; exit 7'], {
      cwd: "/usr",
      env: { VALUE: "it's\n" },
      stdin: "in\n",
    });
    const result = await executor().run(sshHost(sshd), asked, runOptions(output));
    expect(result).toEqual({ kind: "exited", exitCode: 7 });
    expect([output.text(), output.text("stderr")]).toEqual(["/usr\nit's\nin\n", "err\n"]);
  });

  test("minds no name of a variable that our own job text uses", async () => {
    const names = ["nl", "r", "n", "e", "i", "l", "k", "w", "c"];
    const env = Object.fromEntries(names.map((name) => [name, `a\n${name}\nb`]));
    const output = new Recorder();
    await executor().run(sshHost(sshd), command(["env", "-0"], { env }), runOptions(output));
    const seen = output.text().split("\0");
    for (const name of names) expect(seen).toContain(`${name}=a\n${name}\nb`);
  });

  test("hands a program that reads all of stdin exactly what was given", async () => {
    const output = new Recorder(4 * 1024 * 1024);
    const stdin = "a line\n".repeat(300_000);
    await executor().run(sshHost(sshd), command(["cat"], { stdin }), runOptions(output));
    expect(output.text() === stdin).toBe(true);
  });

  test("keeps what a profile file prints out of the output", async () => {
    const home = mkdtempSync(join(folder, "home-"));
    writeFileSync(join(home, ".bashrc"), "echo Welcome; echo to all >&2\n");
    const noisy = await startSshd([`SetEnv HOME=${home}`]);
    const made = createSshExecutor({ lookUp: () => sshEntry(noisy) });
    try {
      const output = new Recorder();
      await made.run(sshHost(noisy), command(["echo", "mine"]), runOptions(output));
      expect([output.text(), output.text("stderr")]).toEqual(["mine\n", ""]);
    } finally {
      await made.close();
      await noisy.close();
    }
  });

  test.each([
    ["a program that is not there", command(["no-such-program"]), "not-found"],
    ["a folder that is not there", command(["true"], { cwd: "/no/such" }), "not-found"],
    ["an argument of 200 kB", command(["true", "A".repeat(200_000)]), "argument-too-long"],
    ["a user that hosts.yml does not list", command(["true"], { become: "nobody" }), "not-permitted"],
  ])("refuses %s before anything starts", async (_, wrong, code) => {
    const task = executor().run(sshHost(sshd), wrong, runOptions(new Recorder()));
    await expect(task).rejects.toMatchObject({ name: "ExecutorError", code, isRetryable: false });
  });

  test("a host without sudo, or whose sudo refuses, has started nothing", async () => {
    const task = executor({ become: ["no-such-user-here"] }).run(
      sshHost(sshd),
      command(["true"], { become: "no-such-user-here" }),
      runOptions(new Recorder()),
    );
    await expect(task).rejects.toMatchObject({ code: "not-permitted", isRetryable: false });
  });

  describe("S3: a server is refused before it learns anything", () => {
    const other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const name = () => `[127.0.0.1]:${sshd.port}`;
    let cases = 0;

    test.each([
      ["unknown", () => "", "is not in"],
      ["known under another port only", () => `127.0.0.1 ${sshd.hostKey}\n`, "is not in"],
      ["changed", () => `${name()} ${other}\n`, "knows another key"],
      [
        "changed to another kind of key",
        () => `${name()} ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBA==\n`,
        "kinds",
      ],
      ["revoked", () => `${name()} ${sshd.hostKey}\n@revoked * ${sshd.hostKey}\n`, "revokes"],
      [
        "known by an authority only",
        () => `@cert-authority * ${sshd.hostKey}\n`,
        "host certificates need transport: openssh",
      ],
      ["excluded", () => `*,!${name()} ${sshd.hostKey}\n`, "is not in"],
    ])("%s", async (_, file, message) => {
      const before = await sshd.log();
      const error = await refusal(knownHosts(file()));
      expect(error).toMatchObject({ code: "host-key-refused", isRetryable: true });
      expect(error.message).toContain(message);
      await until(async () => (await sshd.log()).length > before.length);
      const seen = (await sshd.log()).slice(before.length);
      // With LogLevel VERBOSE sshd names every attempt to log in.
      expect(seen).not.toMatch(/Accepted|Failed|publickey|authenticating user/);
      cases += 1;
    });

    test("a file that is not set, or not there, trusts nobody", async () => {
      const unset = await refusal({ access: sshAccess(sshd, { knownHostsFile: null }) });
      expect(unset.message).toContain("set known_hosts");
      const missing = await refusal({ access: sshAccess(sshd, { knownHostsFile: "/no/such/file" }) });
      expect([unset.code, missing.code]).toEqual(["host-key-refused", "host-key-refused"]);
      cases += 2;
    });

    test("and a trusted one is not", async () => {
      const trusted = executor(knownHosts(`# ours\n${name()} ${other}\n${name()} ${sshd.hostKey}\n`));
      const result = await trusted.run(sshHost(sshd), command(["true"]), runOptions(new Recorder()));
      expect(result).toEqual({ kind: "exited", exitCode: 0 });
      console.log(`PROMISE S3 refused=${cases} logins_tried=0 ok`);
    });
  });

  describe("a login", () => {
    test("with a key that the server does not know", async () => {
      const keyFile = join(sshd.folder, "host_key");
      const error = await refusal({ access: sshAccess(sshd, { keyFile }) });
      expect(error).toMatchObject({ code: "login-refused", isRetryable: true });
    });

    test.each([
      ["without a key", null],
      ["with a key file that is not there", "/no/such/key"],
      ["with a key file that is no key", "/etc/passwd"],
    ])("%s", async (_, keyFile) => {
      const error = await refusal({ access: sshAccess(sshd, { keyFile }) });
      expect(error.code).toBe("login-refused");
    });
  });

  describe("a host that is not there", () => {
    test.each([
      ["with a closed port", 1],
      ["that is silent", 0],
    ])("%s", async (_, port) => {
      const silent = createServer(() => {});
      await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
      const address = silent.address();
      const silentPort = typeof address === "object" && address !== null ? address.port : 0;
      const host = { ...sshHost(sshd), port: port === 0 ? silentPort : port };
      try {
        const known = knownHosts(`* ${sshd.hostKey}\n`);
        const error = await refusal(known, host, { connectTimeoutMs: 400 });
        expect(error).toMatchObject({ code: "host-unreachable", isRetryable: true });
      } finally {
        silent.close();
      }
    });
  });

  describe("connections", () => {
    async function logins(): Promise<number> {
      return (await sshd.log()).match(/Accepted publickey/g)?.length ?? 0;
    }

    test("one serves commands one after the other", async () => {
      const ssh = executor();
      const before = await logins();
      for (let round = 0; round < 3; round += 1)
        await ssh.run(sshHost(sshd), command(["true"]), runOptions(new Recorder()));
      expect((await logins()) - before).toBe(1);
    });

    test("eight at once share one, the ninth gets another", async () => {
      const ssh = executor();
      const before = await logins();
      const results = await Promise.all(
        Array.from({ length: 20 }, () =>
          ssh.run(sshHost(sshd), command(["sleep", "0.3"]), runOptions(new Recorder())),
        ),
      );
      expect(results).toEqual(results.map(() => ({ kind: "exited", exitCode: 0 })));
      expect((await logins()) - before).toBe(3);
    });
  });
});
