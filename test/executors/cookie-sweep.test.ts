// What a step left is found by its environment, also in the moment in which a process has none.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { COOKIE_VARIABLE } from "../../src/executors/command-check.ts";
import { canSweep, findProcesses } from "../../src/executors/cookie-sweep.ts";
import type { Cookie } from "../../src/executors/executor.ts";
import { temporaryFolder } from "../archive/temporary-folder.ts";

const LOOKS = 300;

test.skipIf(!canSweep())(
  "a process that becomes another program all the time is found every time",
  async () => {
    const cookie = `sweep-test-${process.pid}:` as Cookie;
    const script = join(await temporaryFolder(), "again");
    // Becomes itself anew, under the same id.
    writeFileSync(script, 'exec sh "$0"\n');
    const child = spawn("sh", [script], {
      env: { PATH: process.env["PATH"] ?? "", [COOKIE_VARIABLE]: cookie },
      stdio: "ignore",
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child, "spawn");
    const found: (readonly number[])[] = [];
    for (let look = 0; look < LOOKS; look += 1) found.push(await findProcesses(cookie, (child.pid ?? 0) - 1));
    expect(found.filter((pids) => !pids.includes(child.pid ?? 0))).toEqual([]);
  },
);
