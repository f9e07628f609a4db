import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type App, openApp } from "../../src/app.ts";
import { CatalogError } from "../../src/catalog/reload.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { createLog, type Log } from "../../src/platform/log.ts";
import { formatProblem } from "../../src/platform/problems.ts";
import { catalogSourceOf } from "../../src/settings/catalog-source.ts";
import { loadSettings } from "../../src/settings/load.ts";

export const PROGRAM_FOLDER = fileURLToPath(new URL("../..", import.meta.url));

/** Files of a configuration by their path, such as `rules/web.yml`. */
export type ConfigurationFiles = Readonly<Record<string, string>>;

/** A folder with a configuration and a place for data; removed by `remove`. */
export interface ServiceFolder {
  readonly folder: string;
  readonly configFile: string;
  readonly storagePath: string;
  write(files: ConfigurationFiles): void;
  remove(): void;
}

const SETTINGS = `
notifiers: [{name: log, log: {}}]
notify: [{to: log, events: [failed, interrupted]}]
`;

const OBSERVE = "rules: [{name: catch-all, mode: observe, matchers: []}]\n";
const NOTHING = `
name: nothing
steps: [{id: nothing, command: ["true"], effect: read, target: local}]
`;

export function createServiceFolder(files: ConfigurationFiles = {}): ServiceFolder {
  const folder = mkdtempSync(join(tmpdir(), "nightshift-test-"));
  const write = (changed: ConfigurationFiles) => {
    for (const [path, text] of Object.entries(changed)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  };
  write({ "nightshift.yml": SETTINGS, "hosts.yml": "hosts: []\n", ...files });
  if (!Object.keys(files).some((path) => path.startsWith("rules/"))) write({ "rules/all.yml": OBSERVE });
  if (!Object.keys(files).some((path) => path.startsWith("runbooks/")))
    write({ "runbooks/nothing.yml": NOTHING });
  return {
    folder,
    configFile: join(folder, "nightshift.yml"),
    storagePath: join(folder, "data"),
    write,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The whole service in this process, on a free port. */
export async function startService(
  at: ServiceFolder,
  options: { readonly log?: Log; readonly port?: number } = {},
): Promise<App> {
  const flags = {
    configFile: at.configFile,
    listenAddress: `127.0.0.1:${options.port ?? 0}`,
    externalUrl: null,
    storagePath: at.storagePath,
  };
  const loaded = await loadSettings(flags, PROGRAM_FOLDER);
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join("\n"));
  const opening = openApp({
    settings: loaded.settings,
    reloadSettings: () => loadSettings(flags, PROGRAM_FOLDER),
    catalogSource: (settings) => catalogSourceOf(settings),
    enableLifecycle: true,
    version: "0.0.0-test",
    clock: systemClock,
    log:
      options.log ??
      createLog({
        level: process.env["NIGHTSHIFT_TEST_LOG"] === undefined ? "silent" : "debug",
        format: "text",
      }),
  });
  return opening.catch((error: unknown) => {
    if (error instanceof CatalogError)
      throw new Error(error.problems.map(formatProblem).join("\n"), { cause: error });
    throw error;
  });
}
