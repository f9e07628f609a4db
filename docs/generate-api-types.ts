// Writes src/ui/api/generated.ts from the document that a service gives: `node docs/generate-api-types.ts`.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openApp } from "../src/app.ts";
import { systemClock } from "../src/platform/clock.ts";
import { createLog } from "../src/platform/log.ts";
import { catalogSourceOf } from "../src/settings/catalog-source.ts";
import { loadSettings } from "../src/settings/load.ts";
import { typesOf } from "./api-types.ts";

const programFolder = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "nightshift-types-"));
const flags = {
  configFile: join(programFolder, "nightshift.yml"),
  listenAddress: "127.0.0.1:0",
  externalUrl: null,
  storagePath: folder,
};
const loaded = await loadSettings(flags, programFolder);
if (!loaded.ok) throw new Error("the shipped settings are wrong; nightshift check says why");
const app = await openApp({
  settings: loaded.settings,
  reloadSettings: () => loadSettings(flags, programFolder),
  catalogSource: catalogSourceOf,
  enableLifecycle: false,
  version: "0.0.0",
  clock: systemClock,
  log: createLog({ level: "silent", format: "text" }),
});
try {
  const response = await fetch(`${app.url}/api/v1/openapi.json`);
  const document = (await response.json()) as Parameters<typeof typesOf>[0];
  writeFileSync(join(programFolder, "src/ui/api/generated.ts"), typesOf(document));
} finally {
  await app.stop();
  rmSync(folder, { recursive: true, force: true });
}
