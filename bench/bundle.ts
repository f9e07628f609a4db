import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";
import type { BenchResult, Suite } from "./suite.ts";

// P8. Each bundle is made by a process of its own, from rows in a real database and files in a real archive; the reference packs the
// same files. They take turns, so that a slow moment of the machine hits both.

const MIB = 1024 ** 2;
const TEXT_FILES = 8;
/** A larger one does not fit into the time of one suite; NIGHTSHIFT_BENCH_TEXT_MIB=2048 shows that memory does not grow with it. */
const TEXT_MIB = Number(process.env["NIGHTSHIFT_BENCH_TEXT_MIB"] ?? 1_024);
const ENTRIES = 70_000;
const TEXT_RSS_MIB_MAX = 64;
const ENTRIES_RSS_MIB_MAX = 128;

export const bundleSuite: Suite = {
  name: "bundle",
  async run(budgetMs) {
    const folder = mkdtempSync(join(tmpdir(), "nightshift-bench-"));
    try {
      return [...(await benchText(folder, budgetMs)), ...(await benchEntries(folder))];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function benchText(folder: string, budgetMs: number): Promise<BenchResult[]> {
  const files = join(folder, "text");
  await writeText(files, TEXT_MIB);
  const startedAt = performance.now();
  const ours: Made[] = [];
  const theirs: number[] = [];
  const hasZip = await isThere("zip");
  // At least one of each; two where the time is there.
  for (let round = 0; round < 2; round += 1) {
    if (hasZip) theirs.push(await timeZip(files, join(folder, "reference.zip")));
    ours.push(await makeBundle(folder, "text", files));
    if (performance.now() - startedAt > budgetMs / 2) break;
  }
  const oursSeconds = Math.min(...ours.map((made) => made.seconds));
  const theirsSeconds = hasZip ? Math.min(...theirs) : null;
  const rssMib = Math.max(...ours.map((made) => made.rssMib));
  const rate = (seconds: number) => TEXT_MIB / seconds;
  const ratio = theirsSeconds === null ? null : theirsSeconds / oursSeconds;
  return [
    {
      id: "P8",
      what: `bundle of ${TEXT_MIB} MiB text, against zip -6 of the same files`,
      unit: "MiB/s",
      measured: rate(oursSeconds),
      reference: theirsSeconds === null ? null : rate(theirsSeconds),
      ratio,
      goal: ">= 1.0",
      isOk: ratio === null || ratio >= 1,
      ...(hasZip ? {} : { note: "zip is not installed" }),
    },
    memoryResult("P8 RSS", `memory while it is made`, rssMib, TEXT_RSS_MIB_MAX),
  ];
}

async function benchEntries(folder: string): Promise<BenchResult[]> {
  const { rssMib, seconds } = await makeBundle(folder, "entries", String(ENTRIES));
  return [
    {
      ...memoryResult("P8 entries", `memory for a bundle of ${ENTRIES} files`, rssMib, ENTRIES_RSS_MIB_MAX),
      note: `${(ENTRIES / seconds).toFixed(0)} files/s`,
    },
  ];
}

function memoryResult(id: string, what: string, rssMib: number, limitMib: number): BenchResult {
  return {
    id,
    what,
    unit: "MiB",
    measured: rssMib,
    reference: limitMib,
    ratio: rssMib / limitMib,
    goal: `<= ${limitMib} MiB more RSS`,
    isOk: rssMib <= limitMib,
  };
}

const madeSchema = z.object({ seconds: z.number(), rssMib: z.number() });
type Made = z.output<typeof madeSchema>;

async function makeBundle(folder: string, kind: "text" | "entries", subject: string): Promise<Made> {
  const program = fileURLToPath(new URL("make-bundle.ts", import.meta.url));
  const work = mkdtempSync(join(folder, "archive-"));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [program, kind, subject, work]);
    return madeSchema.parse(JSON.parse(stdout));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** As a person would do it, and durable like ours. */
async function timeZip(files: string, target: string): Promise<number> {
  const startedAt = performance.now();
  const zip = spawn("zip", ["-6", "-q", "-r", target, "."], { cwd: files, stdio: "ignore" });
  const [code] = (await once(zip, "exit")) as [number | null];
  if (code !== 0) throw new Error(`zip ended with ${String(code)}`);
  const handle = await open(target, "r");
  await handle.sync();
  await handle.close();
  const seconds = (performance.now() - startedAt) / 1_000;
  rmSync(target);
  return seconds;
}

async function isThere(program: string): Promise<boolean> {
  const found = await promisify(execFile)("sh", ["-c", `command -v "$1"`, "sh", program]).catch(() => null);
  return found !== null;
}

/** Lines of a web server's log with random parts: they compress to about a quarter, as such logs do. */
async function writeText(folder: string, mib: number): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const random = createRandom(20_261_123);
  const blocks = Array.from({ length: 32 }, () => logLines(random, MIB));
  for (let file = 0; file < TEXT_FILES; file += 1) {
    const handle = await open(join(folder, `web-${file}.log`), "w");
    for (let block = 0; block < mib / TEXT_FILES; block += 1)
      await handle.write(blocks[random(blocks.length)] ?? Buffer.alloc(0));
    await handle.close();
  }
  const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  if (bytes !== mib * MIB) throw new Error(`wrote ${bytes} bytes of text, wanted ${mib} MiB`);
}

function logLines(random: (below: number) => number, bytes: number): Buffer {
  const paths = ["/api/v1/users", "/api/v1/orders", "/static/app.js", "/login", "/search"];
  const states = [200, 200, 200, 301, 404, 500];
  let text = "";
  while (text.length < bytes) {
    const address = `10.${random(256)}.${random(256)}.${random(256)}`;
    const request = `GET ${paths[random(paths.length)] ?? ""}?id=${random(2 ** 30).toString(16)}`;
    text += `${address} - - [23/Nov/2026:03:${10 + random(50)}:${10 + random(50)} +0000] "${request} HTTP/1.1" ${states[random(states.length)] ?? 200} ${random(90_000)} ${(random(9_000) / 1_000).toFixed(3)}\n`;
  }
  return Buffer.from(text.slice(0, bytes));
}

/** The same numbers every time, below 2^31. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}
