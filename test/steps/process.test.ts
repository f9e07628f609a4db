// `run` and `command` on this machine, with real processes.
import { describe, expect, test } from "vitest";
import { type Executor, ExecutorError } from "../../src/executors/executor.ts";
import { LOCAL, stepBench } from "./step-fixture.ts";

describe("run and command", () => {
  test("a script sees its values in the environment, and its output is kept", async () => {
    const bench = await stepBench();
    const spec = { script: 'echo "service $SERVICE"; echo warning >&2', shell: "sh" } as const;
    const result = await bench.attempt(
      { verb: "run", spec },
      { context: { env: { SERVICE: "web; touch /tmp/x" } } },
    );
    expect(result).toMatchObject({ status: "succeeded", exitCode: 0, message: null, json: null });
    expect(result).toMatchObject({ stdout: "service web; touch /tmp/x\n", stderr: "warning\n" });
  });

  test("a script stops at its first failing command", async () => {
    const bench = await stepBench();
    const result = await bench.attempt({
      verb: "run",
      spec: { script: "echo one; false; echo two", shell: "sh" },
    });
    expect(result).toMatchObject({
      status: "failed",
      exitCode: 1,
      message: "exited with 1",
      didNotStart: false,
      stdout: "one\n",
    });
  });

  test("arguments are never seen by a shell", async () => {
    const bench = await stepBench();
    const result = await bench.attempt({ verb: "command", spec: ["printf", "%s|", "$(id)", "a b", "; ls"] });
    expect(result.stdout).toBe("$(id)|a b|; ls|");
  });

  test.each([
    ['{"load": 1.5}', { load: 1.5 }],
    [" [1, 2]\n", [1, 2]],
    ["{not json}", null],
    ["42", null],
  ])("printed %j is the result %j", async (printed, json) => {
    const bench = await stepBench();
    expect((await bench.attempt({ verb: "command", spec: ["printf", "%s", printed] })).json).toEqual(json);
  });

  test("a command over its time is left, with what it had printed", async () => {
    const bench = await stepBench();
    const spec = { script: "echo begun; sleep 60", shell: "sh" } as const;
    const result = await bench.attempt({ verb: "run", spec }, { context: { timeoutMs: 300 } });
    expect(result).toMatchObject({
      status: "timed_out",
      message: "took longer than 300ms",
      stdout: "begun\n",
    });
  });

  test("a stop ends the command", async () => {
    const bench = await stepBench();
    const stop = new AbortController();
    setImmediate(() => stop.abort());
    const result = await bench.attempt(
      { verb: "command", spec: ["sleep", "60"] },
      { context: { signal: stop.signal } },
    );
    expect(result).toMatchObject({ status: "cancelled", message: "was stopped" });
  });

  test("a program that is not there provably did not start", async () => {
    const bench = await stepBench();
    const result = await bench.attempt({ verb: "command", spec: ["no-such-program-at-all"] });
    expect(result).toMatchObject({ status: "failed", didNotStart: true, exitCode: null });
    expect(result.message).toContain("no-such-program-at-all");
  });

  test("a host that is not local goes by SSH, and what breaks there is told apart", async () => {
    const host = { name: "web-1", address: "192.0.2.1", port: 22, user: "x", labels: {} };
    const ssh = (run: Executor["run"]) => ({ run }) as Executor;
    const unreachable = await stepBench();
    const local = unreachable.dependencies.executorFor(LOCAL);
    const attempt = async (executor: Executor) =>
      (await stepBench({ executorFor: (host) => (host.name === "local" ? local : executor) })).attempt(
        { verb: "command", spec: ["true"] },
        { context: { host } },
      );
    const refused = () =>
      Promise.reject(
        new ExecutorError("host-unreachable", "connect to web-1 timed out", { isRetryable: true }),
      );
    expect(await attempt(ssh(refused))).toMatchObject({
      status: "failed",
      didNotStart: true,
      message: "connect to web-1 timed out",
    });
    const lost = await attempt(ssh(async () => ({ kind: "lost", message: "the connection closed" })));
    expect(lost).toMatchObject({ status: "interrupted", didNotStart: false });
  });
});

describe("wait", () => {
  test("waits its time", async () => {
    const bench = await stepBench();
    const startedAt = performance.now();
    expect(await bench.attempt({ verb: "wait", spec: { durationMs: 60 } })).toMatchObject({
      status: "succeeded",
    });
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(55);
  });

  test("looks once where there is no time", async () => {
    const bench = await stepBench();
    expect(await bench.attempt({ verb: "wait", spec: { durationMs: null } })).toMatchObject({
      status: "succeeded",
    });
  });

  test("ends when it is stopped", async () => {
    const bench = await stepBench();
    const signal = AbortSignal.abort();
    const result = await bench.attempt(
      { verb: "wait", spec: { durationMs: 60_000 } },
      { context: { signal } },
    );
    expect(result).toMatchObject({ status: "cancelled" });
  });
});
