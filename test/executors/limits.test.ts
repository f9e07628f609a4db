// Proves that a step is left two seconds after its limit at the latest, and that none of its processes stays behind.
import { once } from "node:events";
import { randomUUID } from "node:crypto";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { attemptCookie, runCookies } from "../../src/executors/executor.ts";
import type { Executors } from "../../src/executors/executors.ts";
import { sweepProcesses } from "../../src/executors/cookie-sweep.ts";
import type { Host } from "../../src/hosts/host.ts";
import { processesWith, until } from "../support/processes.ts";
import { sshdAbsence } from "../support/sshd.ts";
import { command, Recorder, runOptions } from "./fixtures.ts";
import { absenceOf, openTransports, type TestTransport, TRANSPORTS, type Transports } from "./transports.ts";

const isLinux = process.platform === "linux";
if (!isLinux) console.warn("SKIPPED time limits: processes are found by /proc, which only Linux has");
if (sshdAbsence !== null) console.warn(`SKIPPED time limits over SSH: ${sshdAbsence}`);

const TIMEOUT_MS = 400;
const KILL_GRACE_MS = 200;
const LEAVE_MS = 2_000;
const KEPT_MAX = 64 * 1024;

const REMOTE = ["ssh2", "openssh"] as const;

let folder = "";
let transports: Transports;
let executors: Executors;
let hosts: Readonly<Record<TestTransport, Host>>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "nightshift-limits-"));
  transports = await openTransports(folder);
  ({ executors, hosts } = transports);
});
afterAll(async () => {
  await transports.close();
  rmSync(folder, { recursive: true });
});

const STUBBORN: readonly (readonly [string, string])[] = [
  ["ignores TERM", "trap '' TERM; while :; do sleep 1; done"],
  ["a grandchild holds stdout", "(trap '' TERM; sleep 60; echo late) & sleep 60"],
  ["a setsid escapee", "setsid sh -c 'trap \"\" TERM; sleep 60' & sleep 60"],
  ["a double fork under nohup", "(nohup setsid sh -c 'sleep 60; :' >/dev/null 2>&1 &); sleep 60"],
  ["a flood of output", "yes 'a line of a flood'"],
];

describe.skipIf(!isLinux).each(TRANSPORTS)("R9 on %s", (transport) => {
  const overruns: number[] = [];
  const isSkipped = absenceOf(transport) !== null;

  test.skipIf(isSkipped).each(STUBBORN)("%s", async (_, script) => {
    const output = new Recorder(KEPT_MAX);
    const run = runOptions(output, { timeoutMs: TIMEOUT_MS, killGraceMs: KILL_GRACE_MS });
    const host = hosts[transport];
    // The login is not what is measured.
    await executors.forHost(host).run(host, command(["true"]), runOptions(new Recorder()));
    const rssBefore = process.memoryUsage().rss;
    const startedAt = performance.now();
    const result = await executors.forHost(host).run(host, command(["sh", "-c", script]), run);
    const overrunMs = performance.now() - startedAt - TIMEOUT_MS;
    expect(result).toEqual({ kind: "timed_out" });
    expect(overrunMs).toBeLessThan(LEAVE_MS);
    expect(processesWith(run.cookie)).toEqual([]);
    expect(output.kept).toBeLessThanOrEqual(KEPT_MAX);
    expect(process.memoryUsage().rss - rssBefore).toBeLessThan(128 * 1024 * 1024);
    overruns.push(overrunMs);
  });

  test.skipIf(isSkipped)("the sum of it", () => {
    expect(overruns).toHaveLength(STUBBORN.length);
    const worst = Math.round(Math.max(...overruns));
    console.log(`PROMISE R9 transport=${transport} cases=${overruns.length} worst_overrun_ms=${worst} ok`);
  });
});

describe.skipIf(!isLinux).each(TRANSPORTS)("R10 on %s", (transport) => {
  let cases = 0;
  const isSkipped = absenceOf(transport) !== null;

  test.skipIf(isSkipped).each([
    ["in the background", "sleep 60 & echo started"],
    ["in a session of its own", "setsid sleep 60 >/dev/null 2>&1 & echo started"],
    ["under nohup", "nohup sleep 60 >/dev/null 2>&1 & echo started"],
    ["by a double fork", "(setsid sh -c 'sleep 60 & sleep 60' >/dev/null 2>&1 &) ; echo started"],
    ["deaf to TERM", "setsid sh -c 'trap \"\" TERM HUP; while :; do sleep 1; done' & echo started"],
  ])("nothing is left of what a step started %s", async (_, script) => {
    const host = hosts[transport];
    const output = new Recorder();
    const run = runOptions(output, { killGraceMs: KILL_GRACE_MS });
    const result = await executors.forHost(host).run(host, command(["sh", "-c", script]), run);
    expect(result).toEqual({ kind: "exited", exitCode: 0 });
    expect(output.text()).toContain("started\n");
    expect(processesWith(run.cookie)).toEqual([]);
    cases += 1;
  });

  test.skipIf(isSkipped)("the sum of it", () => {
    expect(cases).toBe(5);
    console.log(`PROMISE R10 transport=${transport} cases=${cases} leftovers=0 ok`);
  });

  test.skipIf(isSkipped)("a cancelled step ends at once with all it started", async () => {
    const host = hosts[transport];
    const cancel = new AbortController();
    const output = new Recorder();
    const run = runOptions(output, {}, { signal: cancel.signal });
    const running = executors
      .forHost(host)
      .run(host, command(["sh", "-c", "setsid sleep 60 & echo up; sleep 60"]), run);
    await until(() => output.text().includes("up"));
    const cancelledAt = performance.now();
    cancel.abort();
    expect(await running).toEqual({ kind: "cancelled" });
    expect(performance.now() - cancelledAt).toBeLessThan(LEAVE_MS);
    expect(processesWith(run.cookie)).toEqual([]);
  });
});

describe.skipIf(!isLinux || sshdAbsence !== null)("a cancellation at any moment of a start over SSH", () => {
  test.each(REMOTE)("leaves nothing behind on %s", async (transport) => {
    const host = hosts[transport];
    for (let delayMs = 0; delayMs <= 60; delayMs += 6) {
      const cancel = new AbortController();
      const run = runOptions(new Recorder(), {}, { signal: cancel.signal });
      const running = executors.forHost(host).run(host, command(["sleep", "60"]), run);
      setTimeout(() => cancel.abort(), delayMs);
      expect(await running).toEqual({ kind: "cancelled" });
      expect(processesWith(run.cookie)).toEqual([]);
    }
  });
});

describe.skipIf(!isLinux)("a sweep", () => {
  const started: number[] = [];
  /** What a kill -9 of the service leaves: a process with a cookie and no parent that cares. */
  function leave(cookie: string): number {
    const child = spawn("sleep", ["60"], {
      detached: true,
      stdio: "ignore",
      env: { PATH: process.env["PATH"] ?? "", NIGHTSHIFT_COOKIE: cookie },
    });
    const pid = child.pid ?? 0;
    started.push(pid);
    return pid;
  }
  afterEach(() => {
    for (const pid of started.splice(0)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // The sweep got it.
      }
    }
  });

  test("is needed: ending the process group alone leaves who has left it", async () => {
    const cookie = attemptCookie(randomUUID(), "step", 1);
    const child = spawn("sh", ["-c", "setsid sh -c 'echo left; exec sleep 60' & wait"], {
      detached: true,
      stdio: ["ignore", "pipe", "ignore"],
      env: { PATH: process.env["PATH"] ?? "", NIGHTSHIFT_COOKIE: cookie },
    });
    // Only what it prints itself says that it has left: it has the cookie before that.
    await once(child.stdout, "data");
    process.kill(-(child.pid ?? 0), "SIGKILL");
    await until(() => processesWith(cookie).length === 1);
    expect(await sweepProcesses(attemptCookie(randomUUID(), "step", 1), { graceMs: 100 })).toBe(0);
    expect(processesWith(cookie)).toHaveLength(1);
    expect(await sweepProcesses(cookie, { graceMs: 100 })).toBe(1);
    expect(processesWith(cookie)).toEqual([]);
  });

  test.each(TRANSPORTS.filter((transport) => absenceOf(transport) === null))(
    "on %s ends one attempt, and no other",
    async (transport) => {
      const host = hosts[transport];
      const runId = randomUUID();
      const [first, tenth] = [attemptCookie(runId, "step", 1), attemptCookie(runId, "step", 10)];
      leave(first);
      leave(tenth);
      await until(() => processesWith(runId).length === 2);
      expect(await executors.forHost(host).sweep(host, first)).toBe(1);
      expect(processesWith(runId)).toHaveLength(1);
      expect(await executors.forHost(host).sweep(host, first)).toBe(0);
    },
  );

  test.each(TRANSPORTS.filter((transport) => absenceOf(transport) === null))(
    "on %s ends all attempts of a run",
    async (transport) => {
      const host = hosts[transport];
      const runId = randomUUID();
      leave(attemptCookie(runId, "one", 1));
      leave(attemptCookie(runId, "group/two", 2));
      const other = randomUUID();
      leave(attemptCookie(other, "one", 1));
      await until(() => processesWith(runId).length === 2 && processesWith(other).length === 1);
      expect(await executors.forHost(host).sweep(host, runCookies(runId))).toBe(2);
      expect(processesWith(runId)).toEqual([]);
      expect(processesWith(other)).toHaveLength(1);
    },
  );
});
