// Proves how commands run on this machine: what they are given, what of them comes back, and what is refused.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Executor, ExecutorError } from "../../src/executors/executor.ts";
import { createLocalExecutor } from "../../src/executors/local.ts";
import { scriptArgv } from "../../src/executors/scripts.ts";
import { HOSTILE_VARIABLE_NAMES } from "../support/injection-corpus.ts";
import { command, entry, LOCAL, Recorder, runOptions } from "./fixtures.ts";

let folder = "";
let local: Executor;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "nightshift-local-"));
  local = createLocalExecutor({ workFolder: folder, lookUp: () => entry() });
});
afterAll(async () => {
  await local.close();
  rmSync(folder, { recursive: true });
});

async function refusal(task: Promise<unknown>): Promise<ExecutorError> {
  const error = await task.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ExecutorError)) throw new Error(`no ExecutorError but ${String(error)}`);
  return error;
}

test("gives back both streams and the exit code", async () => {
  const output = new Recorder();
  const result = await local.run(
    LOCAL,
    command(["sh", "-c", "echo out; echo err >&2; exit 7"]),
    runOptions(output),
  );
  expect(result).toEqual({ kind: "exited", exitCode: 7 });
  expect([output.text(), output.text("stderr")]).toEqual(["out\n", "err\n"]);
});

test("tells a signal from an exit code", async () => {
  const result = await local.run(LOCAL, command(["sh", "-c", "kill -USR1 $$"]), runOptions(new Recorder()));
  expect(result).toEqual({ kind: "signalled", signal: "SIGUSR1" });
});

test("gives a clean environment and the cookie, nothing of the service's own", async () => {
  process.env["SERVICE_SECRET"] = "hunter2";
  try {
    const output = new Recorder();
    const run = runOptions(output);
    await local.run(LOCAL, command(["env"], { env: { SERVICE: "web" } }), run);
    const names = output
      .text()
      .trim()
      .split("\n")
      .map((line) => line.split("=")[0]);
    expect(new Set(names)).toEqual(
      new Set(["HOME", "LANG", "LOGNAME", "NIGHTSHIFT_COOKIE", "PATH", "SERVICE", "USER"]),
    );
    expect(output.text()).toContain(`NIGHTSHIFT_COOKIE=${run.cookie}\n`);
  } finally {
    delete process.env["SERVICE_SECRET"];
  }
});

test("runs in the work folder, or in the one asked for", async () => {
  const [own, asked] = [new Recorder(), new Recorder()];
  await local.run(LOCAL, command(["pwd", "-P"]), runOptions(own));
  await local.run(LOCAL, command(["pwd", "-P"], { cwd: "/" }), runOptions(asked));
  expect([own.text(), asked.text()]).toEqual([`${folder}\n`, "/\n"]);
});

test("hands over stdin, and minds no command that does not read it", async () => {
  const output = new Recorder();
  await local.run(LOCAL, command(["cat"], { stdin: "täxt\n" }), runOptions(output));
  expect(output.text()).toBe("täxt\n");
  const unread = await local.run(
    LOCAL,
    command(["true"], { stdin: "x".repeat(5_000_000) }),
    runOptions(new Recorder()),
  );
  expect(unread).toEqual({ kind: "exited", exitCode: 0 });
});

test("gives an empty stdin when there is none", async () => {
  const output = new Recorder();
  await local.run(LOCAL, command(["cat"]), runOptions(output));
  expect(output.total).toBe(0);
});

test("keeps output that ends without a newline and comes right before the exit", async () => {
  const output = new Recorder(8 * 1024 * 1024);
  await local.run(LOCAL, command(["sh", "-c", "head -c 3000000 /dev/zero; printf end"]), runOptions(output));
  expect(output.total).toBe(3_000_003);
  expect(output.text().slice(-3)).toBe("end");
});

describe("a script", () => {
  test.each([
    ["sh", "echo one\nfalse\necho two\n", 1, "one\n"],
    ["sh", 'echo "$UNSET"', 2, ""],
    ["bash", "x=(a b); echo ${x[1]}; false; echo no", 1, "b\n"],
    ["python3", "import os\nprint(os.environ['VALUE'])", 0, "$(id)\n"],
    ["sh", "cat\n", 0, "stdin is free\n"],
    ["sh", "printf '%s' 'a\"b\\c'", 0, 'a"b\\c'],
  ] as const)("runs with %s exactly as written: %j", async (shell, text, exitCode, out) => {
    const output = new Recorder();
    const script = command(scriptArgv(shell, text), { env: { VALUE: "$(id)" }, stdin: "stdin is free\n" });
    const environment = { PATH: process.env["PATH"] ?? "" };
    const executor = createLocalExecutor({ workFolder: folder, lookUp: () => entry(), environment });
    expect(await executor.run(LOCAL, script, runOptions(output))).toEqual({ kind: "exited", exitCode });
    expect(output.text()).toBe(out);
  });
});

describe("what cannot start", () => {
  test.each([
    ["a program that is not there", command(["no-such-program"]), "not-found"],
    ["a folder that is not there", command(["true"], { cwd: "/no/such/folder" }), "not-found"],
    ["a file that is no program", command(["/etc/passwd"]), "not-permitted"],
    ["an argument of 200 kB", command(["true", "A".repeat(200_000)]), "argument-too-long"],
    ["a variable of 200 kB", command(["true"], { env: { A: "A".repeat(200_000) } }), "argument-too-long"],
    [
      "arguments of 3 MB",
      command(["true", ...Array.from({ length: 30 }, () => "A".repeat(100_000))]),
      "argument-too-long",
    ],
    ["a NUL in an argument", command(["true", "a\0b"]), "argument-refused"],
    ["a NUL in a variable", command(["true"], { env: { A: "a\0b" } }), "argument-refused"],
    ["no program at all", command([""]), "argument-refused"],
    ["a user that hosts.yml does not list", command(["true"], { become: "nobody" }), "not-permitted"],
    ["a user name with a dash in front", command(["true"], { become: "-i" }), "argument-refused"],
  ])("%s", async (_, wrong, code) => {
    const error = await refusal(local.run(LOCAL, wrong, runOptions(new Recorder())));
    expect(error).toMatchObject({ code, isRetryable: false });
  });

  test.each(HOSTILE_VARIABLE_NAMES)("the variable %j", async (name) => {
    const error = await refusal(
      local.run(LOCAL, command(["true"], { env: { [name]: "x" } }), runOptions(new Recorder())),
    );
    expect(error.code).toBe("argument-refused");
  });

  test("an error holds neither arguments nor environment nor output", async () => {
    const secret = "s3cr3t-value";
    const wrong = command(["no-such-program", secret], { env: { TOKEN: secret }, stdin: secret });
    const error = await refusal(local.run(LOCAL, wrong, runOptions(new Recorder())));
    const everything =
      JSON.stringify(error, Object.getOwnPropertyNames(error)) + String(error.cause) + error.stack;
    expect(everything).not.toContain(secret);
  });

  test("a host that has left the inventory", async () => {
    const executor = createLocalExecutor({ workFolder: folder, lookUp: () => undefined });
    const error = await refusal(executor.run(LOCAL, command(["true"]), runOptions(new Recorder())));
    expect(error.code).toBe("unknown-host");
  });

  test("a step cancelled before its start starts nothing", async () => {
    const file = join(folder, "started");
    const signal = AbortSignal.abort();
    const result = await local.run(
      LOCAL,
      command(["touch", file]),
      runOptions(new Recorder(), {}, { signal }),
    );
    expect(result).toEqual({ kind: "cancelled" });
    expect(() => readFileSync(file)).toThrow("ENOENT");
  });
});

test("becomes the user it already is without sudo", async () => {
  const me = userInfo().username;
  const executor = createLocalExecutor({ workFolder: folder, lookUp: () => entry({ become: [me] }) });
  const output = new Recorder();
  await executor.run(LOCAL, command(["id", "-un"], { become: me }), runOptions(output));
  expect(output.text()).toBe(`${me}\n`);
});

const canBecome = process.getuid?.() === 0 && process.platform === "linux";
if (!canBecome) console.warn("SKIPPED becoming another user: the tests do not run as root on Linux");

describe.skipIf(!canBecome)("becoming another user", () => {
  // Not every machine has sudo; this one does what `sudo -n -u USER --` does, and drops the environment like it.
  const SUDO = `#!/bin/sh
[ "$1 $2 $4" = "-n -u --" ] || exit 9
[ "$3" = nobody ] || { echo "sudo: a password is required" >&2; exit 1; }
shift 4
exec env -i PATH=/usr/bin:/bin setpriv --reuid=nobody --regid=nogroup --clear-groups -- "$@"
`;
  let executor: Executor;
  beforeAll(() => {
    const bin = mkdtempSync(join(folder, "bin-"));
    writeFileSync(join(bin, "sudo"), SUDO);
    chmodSync(join(bin, "sudo"), 0o755);
    chmodSync(folder, 0o755);
    executor = createLocalExecutor({
      workFolder: "/",
      lookUp: () => entry({ become: ["nobody", "daemon"] }),
      environment: { PATH: `${bin}:/usr/bin:/bin` },
    });
  });

  test("hands over arguments, environment and stdin", async () => {
    const output = new Recorder();
    const script = 'id -un; printf "%s|%s|" "$1" "$VALUE"; cat; exit 5';
    const become = command(["sh", "-c", script, "sh", "it's\n$(id)"], {
      env: { VALUE: "a 'b'\n" },
      stdin: "in",
      become: "nobody",
    });
    expect(await executor.run(LOCAL, become, runOptions(output))).toEqual({ kind: "exited", exitCode: 5 });
    expect(output.text()).toBe("nobody\nit's\n$(id)|a 'b'\n|in");
  });

  test("shows no value of the environment in the process list", async () => {
    const output = new Recorder();
    // The brackets keep the searching processes from finding themselves.
    const script =
      "for p in 'tok3[n]-value' 'NIGHTSHIFT_JO[B]'; do cat /proc/[0-9]*/cmdline | grep -ac $p; done";
    const become = command(["sh", "-c", script], { env: { TOKEN: "tok3n-value" }, become: "nobody" });
    await executor.run(LOCAL, become, runOptions(output));
    expect(output.text()).toMatch(/^0\n[1-9]\d*\n$/);
  });

  test("a refusal by sudo is no result: nothing started", async () => {
    const error = await refusal(
      executor.run(LOCAL, command(["true"], { become: "daemon" }), runOptions(new Recorder())),
    );
    expect(error.code).toBe("not-permitted");
    expect(error.message).toContain("a password is required");
  });

  test("keeps the time limit", async () => {
    const startedAt = performance.now();
    const slow = command(["sh", "-c", "trap '' TERM; sleep 30"], { become: "nobody" });
    const result = await executor.run(LOCAL, slow, runOptions(new Recorder(), { timeoutMs: 500 }));
    expect(result).toEqual({ kind: "timed_out" });
    expect(performance.now() - startedAt).toBeLessThan(2_500);
  });
});
