// docs/getting-started.md, typed in as it stands: from the first observed alert to a verified bundle.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, expect, test } from "vitest";
import { freePort } from "./support/child-service.ts";
import { readBlocks } from "./support/markdown.ts";
import { waitFor } from "./support/wait.ts";

const root = join(import.meta.dirname, "..");
const DOCUMENT = "docs/getting-started.md";
const FOLDER = "/var/tmp/first";
const PORT = "9095";

const needed = ["bash", "curl", "npm"];
const missing = needed.filter(
  (program) => !(process.env["PATH"] ?? "").split(":").some((folder) => existsSync(join(folder, program))),
);
if (missing.length > 0)
  console.warn(`skipped: ${DOCUMENT} as it stands. Not installed: ${missing.join(", ")}`);

const open: { service?: ChildProcess; folder?: string } = {};
afterEach(async () => {
  await stop();
  if (open.folder !== undefined) rmSync(open.folder, { recursive: true, force: true });
});

test.skipIf(missing.length > 0)(
  "every command of it gives what it shows",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "nightshift-walk-"));
    open.folder = folder;
    const port = await freePort();
    const text = readFileSync(join(root, DOCUMENT), "utf8");
    const blocks = readBlocks(DOCUMENT, text.replaceAll(FOLDER, folder).replaceAll(PORT, String(port)));
    let commands = 0;
    for (const [index, block] of blocks.entries()) {
      const name = /^# (\S+)\n/.exec(block.text)?.[1];
      if (block.language === "yaml" && name !== undefined) writeFileSync(join(folder, name), block.text);
      if (block.language === "json") writeFileSync(join(folder, "alert.json"), block.text);
      if (block.note === "walk: restart") await stop();
      if (block.note.startsWith("walk: ")) await start(block.text, port);
      if (block.note !== "walk") continue;
      const shown = blocks[index + 1]?.language === "text" ? (blocks[index + 1]?.text ?? "") : null;
      expect(await type(block.text, shown)).toBeNull();
      commands += 1;
    }
    expect(commands).toBeGreaterThan(5);
  },
  60_000,
);

/**
 * Types a block in; returns what is wrong, null when it gave what is shown. What follows a `sleep` is typed again until it does:
 * the document waits, we look.
 */
async function type(script: string, shown: string | null): Promise<string | null> {
  const pattern = shown === null ? /^/ : asPattern(shown);
  const [first = "", rest] = script.split(/^sleep \d+\n/m);
  const output = await bash(first);
  let last = output;
  const isAsShown = async () => {
    if (rest !== undefined) last = output + (await bash(rest));
    return pattern.test(last.trimEnd());
  };
  const isRight =
    rest === undefined
      ? await isAsShown()
      : await waitFor("what is shown", isAsShown, 20_000).catch(() => false);
  return isRight ? null : `typed:\n${script}shown:\n${shown ?? ""}given:\n${last}`;
}

/** The shown text with `…` for anything. */
function asPattern(shown: string): RegExp {
  const parts = shown.trimEnd().split("…");
  const escaped = parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${escaped.join("[^]*")}$`);
}

async function bash(script: string): Promise<string> {
  const { stdout } = await promisify(execFile)("bash", ["-eu", "-c", script], { cwd: root });
  return stdout;
}

async function start(script: string, port: number): Promise<void> {
  const service = spawn("bash", ["-c", script], { cwd: root, detached: true, stdio: "ignore" });
  open.service = service;
  const isReady = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/-/ready`).catch(() => null);
    if (service.exitCode !== null) throw new Error(`the service ended with ${service.exitCode}`);
    return answer?.status === 200;
  };
  await waitFor("the service to be ready", isReady, 20_000);
}

/** Ctrl-C: the terminal sends it to everything in the foreground. */
async function stop(): Promise<void> {
  const { service } = open;
  delete open.service;
  if (service?.pid === undefined || service.exitCode !== null || service.signalCode !== null) return;
  const exited = once(service, "exit");
  process.kill(-service.pid, "SIGINT");
  await exited;
}
