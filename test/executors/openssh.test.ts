// Proves what is particular to the ssh program as a transport: its failures are told from a command's, and it leaves nothing.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { EndMark, endMarkOf } from "../../src/executors/end-mark.ts";
import { type Executor, ExecutorError } from "../../src/executors/executor.ts";
import { opensshArgv } from "../../src/executors/openssh-command.ts";
import { createSshExecutor } from "../../src/executors/ssh.ts";
import { CONNECTION_DEFAULTS, type ConnectionOptions } from "../../src/executors/ssh-connection.ts";
import { type HostAccess, type InventoryHost, NO_ACCESS } from "../../src/hosts/host.ts";
import { processesWith, until } from "../support/processes.ts";
import { sshdAbsence, startSshd, type TestSshd } from "../support/sshd.ts";
import { command, Recorder, runOptions, sshAccess, sshEntry, sshHost } from "./fixtures.ts";

if (sshdAbsence !== null) console.warn(`SKIPPED transport openssh: ${sshdAbsence}`);

/** Processes that have the text in their title or arguments: a master shows the path of its socket there. */
function processesWithText(text: string): string[] {
  return readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/cmdline`, "utf8").includes(text);
    } catch {
      return false;
    }
  });
}

describe.skipIf(sshdAbsence !== null)("the ssh program", () => {
  let sshd: TestSshd;
  let folder = "";
  const open: Executor[] = [];
  beforeAll(async () => {
    sshd = await startSshd();
    folder = realpathSync(mkdtempSync(join(tmpdir(), "nightshift-openssh-")));
  });
  afterAll(async () => {
    await Promise.all(open.map((executor) => executor.close()));
    await sshd.close();
    rmSync(folder, { recursive: true });
  });

  function executor(
    more: Partial<InventoryHost> = {},
    connection: Partial<ConnectionOptions> = {},
  ): Executor {
    const made = createSshExecutor({ lookUp: () => sshEntry(sshd, more, "openssh"), connection });
    open.push(made);
    return made;
  }

  const access = (more: Partial<HostAccess>) => ({
    access: sshAccess(sshd, { transport: "openssh", ...more }),
  });

  async function logins(): Promise<number> {
    return (await sshd.log()).match(/Accepted publickey/g)?.length ?? 0;
  }

  test.each([
    ["1", "exit 1", 1],
    ["255, which ssh has for itself", "exit 255", 255],
    [
      "255 with words of ssh",
      "echo 'Connection refused' >&2; echo 'Host key verification failed.' >&2; exit 255",
      255,
    ],
    ["of a signal", "kill -9 $$", 137],
  ])("a command's own exit code %s", async (_, script, exitCode) => {
    const result = await executor().run(
      sshHost(sshd),
      command(["sh", "-c", script]),
      runOptions(new Recorder()),
    );
    expect(result).toEqual({ kind: "exited", exitCode });
  });

  test("output passes byte by byte, with nothing of ssh's in it", async () => {
    const output = new Recorder(8 * 1024 * 1024);
    const script = "printf 'no newline' >&2; head -c 3000000 /dev/zero; printf end";
    const result = await executor().run(sshHost(sshd), command(["sh", "-c", script]), runOptions(output));
    expect(result).toEqual({ kind: "exited", exitCode: 0 });
    expect(output.text("stderr")).toBe("no newline");
    expect(output.total).toBe(3_000_003 + "no newline".length);
  });

  test.each([
    ["a program that is not there", command(["no-such-program"]), "not-found"],
    ["a folder that is not there", command(["true"], { cwd: "/no/such" }), "not-found"],
    ["a user that hosts.yml does not list", command(["true"], { become: "nobody" }), "not-permitted"],
  ])("refuses %s before anything starts", async (_, wrong, code) => {
    const task = executor().run(sshHost(sshd), wrong, runOptions(new Recorder()));
    await expect(task).rejects.toMatchObject({ name: "ExecutorError", code, isRetryable: false });
  });

  test("what did not log in has not started, and says why", async () => {
    const host = sshHost(sshd);
    const refusal = async (entry: Partial<InventoryHost>, target = host) => {
      const error = await executor(entry, { connectTimeoutMs: 1_000 })
        .run(target, command(["true"]), runOptions(new Recorder()))
        .catch((reason: unknown) => reason);
      if (!(error instanceof ExecutorError)) throw new Error(`no ExecutorError but ${JSON.stringify(error)}`);
      return error.code;
    };
    const empty = join(folder, "empty");
    writeFileSync(empty, "");
    const any = join(folder, "any");
    writeFileSync(any, `* ${sshd.hostKey}\n`);
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const address = silent.address();
    const silentPort = typeof address === "object" && address !== null ? address.port : 0;
    try {
      expect(await refusal(access({ knownHostsFile: empty }))).toBe("host-key-refused");
      expect(await refusal(access({ keyFile: join(sshd.folder, "host_key") }))).toBe("login-refused");
      expect(await refusal(access({ keyFile: "/no/such/key" }))).toBe("login-refused");
      expect(await refusal(access({ knownHostsFile: any }), { ...host, port: 1 })).toBe("host-unreachable");
      expect(await refusal(access({ knownHostsFile: any }), { ...host, port: silentPort })).toBe(
        "host-unreachable",
      );
      expect(
        await refusal(access({ knownHostsFile: any }), { ...host, address: "no-such-host.invalid" }),
      ).toBe("host-unreachable");
    } finally {
      silent.close();
    }
  });

  test("a limit that ends before ssh has connected: nothing has started", async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const address = silent.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    try {
      const task = executor().run(
        { ...sshHost(sshd), port },
        command(["true"]),
        runOptions(new Recorder(), { timeoutMs: 700 }),
      );
      await expect(task).rejects.toMatchObject({ code: "host-unreachable", isRetryable: true });
    } finally {
      silent.close();
    }
  });

  describe("in a folder of its own", () => {
    const before = process.env["TMPDIR"];
    let temporary = "";
    beforeEach(() => {
      temporary = mkdtempSync("/tmp/o-");
    });
    afterEach(() => {
      if (before === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = before;
      rmSync(temporary, { recursive: true });
    });

    test("one login serves commands one after the other; close ends the connection and leaves no file", async () => {
      process.env["TMPDIR"] = temporary;
      const loginsBefore = await logins();
      const ssh = executor();
      for (let round = 0; round < 3; round += 1)
        await ssh.run(sshHost(sshd), command(["true"]), runOptions(new Recorder()));
      expect((await logins()) - loginsBefore).toBe(1);
      const [own = ""] = readdirSync(temporary);
      expect(statSync(join(temporary, own)).mode & 0o777).toBe(0o700);
      // The socket alone: logs are removed when a call has ended.
      await until(() => readdirSync(join(temporary, own)).length === 1);
      const masters = () => processesWithText(temporary);
      expect(masters()).not.toEqual([]);
      await ssh.close();
      expect(readdirSync(temporary)).toEqual([]);
      await until(() => masters().length === 0);
    });

    test("whose path is too long for a socket each command has its own connection", async () => {
      process.env["TMPDIR"] = join(temporary, "n".repeat(80));
      mkdirSync(process.env["TMPDIR"]);
      const loginsBefore = await logins();
      const ssh = executor();
      for (let round = 0; round < 2; round += 1) {
        const result = await ssh.run(sshHost(sshd), command(["true"]), runOptions(new Recorder()));
        expect(result).toEqual({ kind: "exited", exitCode: 0 });
      }
      expect((await logins()) - loginsBefore).toBe(2);
    });
  });

  test("more than eight at once take further connections", async () => {
    const ssh = executor();
    await ssh.run(sshHost(sshd), command(["true"]), runOptions(new Recorder()));
    const results = await Promise.all(
      Array.from({ length: 20 }, () =>
        ssh.run(sshHost(sshd), command(["sleep", "0.5"]), runOptions(new Recorder())),
      ),
    );
    expect(results).toEqual(results.map(() => ({ kind: "exited", exitCode: 0 })));
  });

  test("a sweep finds what a killed service has left", async () => {
    const ssh = executor();
    const run = runOptions(new Recorder(), { timeoutMs: 30_000 });
    const other = executor();
    const running = other.run(sshHost(sshd), command(["sleep", "60"]), run);
    await until(() => processesWith(run.cookie).length > 0);
    expect(await ssh.sweep(sshHost(sshd), run.cookie)).toBeGreaterThan(0);
    expect(processesWith(run.cookie)).toEqual([]);
    expect(await running).toMatchObject({ kind: "exited" });
  });

  test("gathers files", async () => {
    writeFileSync(join(folder, "a.log"), "first\n");
    const files = new Map<string, string>();
    const end = await executor({ readable: [`${folder}/*.log`] }).collect(
      sshHost(sshd),
      {
        paths: [`${folder}/*.log`],
        changedSinceMs: null,
        filesMax: 10,
        fileBytesMax: 1e6,
        totalBytesMax: 1e6,
        onTooBig: "tail",
      },
      {
        timeoutMs: 15_000,
        signal: new AbortController().signal,
        onProblem: () => {},
        onFile: async ({ path, content }) => {
          const chunks: Uint8Array[] = [];
          for await (const chunk of content) chunks.push(chunk);
          files.set(path, Buffer.concat(chunks).toString());
        },
      },
    );
    expect([end, files]).toEqual(["finished", new Map([[join(folder, "a.log"), "first\n"]])]);
  });
});

test("nothing that a host is called can be an option of ssh, and the safe options come first", () => {
  const host = { name: "web-1", address: "-oProxyCommand=id", port: 22, user: "deploy", labels: {} };
  const target = { host, access: { ...NO_ACCESS, transport: "openssh" as const } };
  const files = { control: "/tmp/x/1-%C", log: "/tmp/x/log", jumpScript: null };
  const argv = opensshArgv({ jumps: [], target }, null, files, CONNECTION_DEFAULTS);
  expect(argv.indexOf("-oProxyCommand=id")).toBe(argv.indexOf("--") + 1);
  for (const option of [
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "UpdateHostKeys=no",
    "ForwardAgent=no",
    "ClearAllForwardings=yes",
    "PermitLocalCommand=no",
    "ControlMaster=auto",
    "ControlPath=/tmp/x/1-%C",
    "ControlPersist=60s",
  ])
    expect(argv[argv.indexOf(option) - 1]).toBe("-o");
});

describe("an end mark", () => {
  const NONCE = "0e8f5d9c";
  const content = fc
    .array(
      fc.oneof(
        fc.constantFrom("0e8f", NONCE, `${NONCE}-e`, `${NONCE}-end`, "\n"),
        fc.string({ maxLength: 4 }),
      ),
    )
    .map((parts) => parts.join("").replaceAll(`${endMarkOf(NONCE)} `, ""));
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 50 });

  function feed(
    text: string,
    cuts: readonly number[],
  ): { readonly seen: string; readonly code: number | null } {
    const seen: Buffer[] = [];
    const mark = new EndMark(NONCE, (chunk) => seen.push(Buffer.from(chunk)));
    const bytes = Buffer.from(text);
    for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
      const size = cuts[turn % cuts.length] ?? 1;
      mark.write(bytes.subarray(at, at + size));
      at += size;
    }
    mark.end();
    return { seen: Buffer.concat(seen).toString(), code: mark.exitCode };
  }

  test("is taken out with the exit code, wherever the stream is cut", () => {
    fc.assert(
      fc.property(content, sizes, fc.integer({ min: 0, max: 255 }), (text, cuts, code) => {
        const stream = `${text}${endMarkOf(NONCE)} ${code}\nwhat ssh says later`;
        expect(feed(stream, cuts)).toEqual({ seen: text, code });
      }),
    );
  });

  test("that never comes takes nothing away", () => {
    fc.assert(
      fc.property(content, sizes, (text, cuts) => {
        expect(feed(text, cuts)).toEqual({ seen: text, code: null });
      }),
    );
  });
});
