import { mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openArtifactStore } from "../src/archive/artifact-store.ts";
import { openBundleStore } from "../src/archive/bundle-store.ts";
import { systemClock } from "../src/platform/clock.ts";
import { newId } from "../src/platform/ids.ts";
import { insertRows, rowShape } from "../src/store/rows.ts";
import { readPackedArtifacts } from "../src/store/evidence.ts";
import { openStore } from "../src/store/open.ts";
import { exampleInput, exampleRun } from "../test/archive/bundle-fixture.ts";

// Makes one bundle, and prints how long that took and by how much the memory of this process grew: from before the rows are read to the
// highest point. `text FOLDER WORK` or `entries COUNT WORK`.

const [kind, subject = "", work = ""] = process.argv.slice(2);
const store = await openStore({ folder: join(work, "data"), databaseUrl: null, clock: systemClock });
const archive = join(work, "archive");
const artifacts = await openArtifactStore(archive);
const bundles = await openBundleStore(archive);
const runId = newId();
const files = kind === "text" ? linkText(subject) : writeEntries(Number(subject));
await record(files);
// As in a service that has worked for a minute: its modules are loaded, and the young part of its heap has its size.
await bundles.build(exampleInput(), artifacts);
for (let read = 0; read < 700_000; )
  read += Math.max(1_000, (await readPackedArtifacts(store.reader, runId)).length);

const before = highestRssKib();
const startedAt = performance.now();
const input = exampleInput({
  run: exampleRun({ id: runId }),
  artifacts: await readPackedArtifacts(store.reader, runId),
});
await bundles.build(input, artifacts);
const seconds = (performance.now() - startedAt) / 1_000;
console.log(JSON.stringify({ seconds, rssMib: (highestRssKib() - before) / 1_024 }));
await store.close();

interface Listed {
  readonly path: string;
  readonly bytes: number;
}

/** The same files that the reference packs. */
function linkText(folder: string): Listed[] {
  mkdirSync(join(archive, "runs", runId, "files"), { recursive: true });
  symlinkSync(folder, join(archive, "runs", runId, "files/web-1"));
  return readdirSync(folder).map((name) => ({
    path: `files/web-1/${name}`,
    bytes: statSync(join(folder, name)).size,
  }));
}

function writeEntries(count: number): Listed[] {
  const folder = "files/web-1/var/log/app";
  mkdirSync(join(archive, "runs", runId, folder), { recursive: true });
  return Array.from({ length: count }, (_, index) => {
    const path = `${folder}/request-${index}.log`;
    const text = `line of request ${index}\n`.repeat(10);
    writeFileSync(join(archive, "runs", runId, path), text);
    return { path, bytes: text.length };
  });
}

async function record(listed: readonly Listed[]): Promise<void> {
  const columns = [
    "run_id",
    "path",
    "step_id",
    "host",
    "bytes",
    "sha256",
    "content_type",
    "is_truncated",
    "is_changed",
  ];
  const rows = listed.map(({ path, bytes }, index) => [
    runId,
    path,
    "logs",
    "web-1",
    bytes,
    index.toString(16).padStart(64, "0"),
    "text/plain",
    0,
    0,
  ]);
  await store.transaction((tx) => insertRows(tx, store.dialect, rowShape("artifact", columns), rows));
}

function highestRssKib(): number {
  const status = readFileSync("/proc/self/status", "utf8");
  return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0);
}
