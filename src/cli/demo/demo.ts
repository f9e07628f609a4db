import { createWriteStream, mkdirSync, mkdtempSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, openApp } from "../../app.ts";
import { systemClock } from "../../platform/clock.ts";
import { createLog } from "../../platform/log.ts";
import { formatProblem } from "../../platform/problems.ts";
import { catalogSourceOf } from "../../settings/catalog-source.ts";
import { loadSettings } from "../../settings/load.ts";
import type { CommandOutput } from "../output.ts";
import { writeDemoConfiguration } from "./configuration.ts";
import { startMonitor } from "./monitor.ts";
import { startShop } from "./shop.ts";
import { type DemoStage, tellStory } from "./story.ts";

export interface DemoOptions {
  /** End when the bundle is made, instead of staying up for the browser. */
  readonly exit: boolean;
  /** Of the web pages; 0 takes a free one. */
  readonly port: number;
  readonly version: string;
}

/** Long beyond what the demo takes on a slow machine. */
const STORY_TIMEOUT_MS = 120_000;

/**
 * Shows the whole way of one alert on this machine: a web service becomes slow, Nightshift gathers evidence, restarts it, sees
 * that it helped, and leaves a bundle. Resolves with the exit code: 0 when all of that was seen, 1 when it was not.
 */
export async function demoCommand(options: DemoOptions, output: CommandOutput): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "nightshift-demo-"));
  const close: (() => Promise<void>)[] = [];
  try {
    const stage = await setStage(folder, options, close);
    const story = await tellStory(stage, output, AbortSignal.timeout(STORY_TIMEOUT_MS));
    const bundleFile = join(folder, story.bundleFileName);
    await writeFile(bundleFile, story.bundle);
    output.stdout.write(`\nBundle: ${bundleFile}\n`);
    output.stdout.write(`Run:    ${story.runUrl}\nAlert:  ${story.alertUrl}\n`);
    if (!options.exit) await stayUp(output);
    return story.outcome === "fixed" ? 0 : 1;
  } finally {
    for (const each of close.toReversed()) await each();
  }
}

async function setStage(
  folder: string,
  options: DemoOptions,
  close: (() => Promise<void>)[],
): Promise<DemoStage> {
  mkdirSync(join(folder, "shop"));
  const shop = await startShop(await freePort(), join(folder, "shop"));
  close.push(() => shop.stop());
  const monitor = await startMonitor(shop);
  close.push(() => monitor.stop());
  const configFile = writeDemoConfiguration({
    folder,
    shopUrl: shop.url,
    prometheusUrl: monitor.url,
    port: options.port === 0 ? await freePort() : options.port,
  });
  const app = await startNightshift(configFile, folder, options.version);
  close.push(() => app.stop());
  return { folder, shop, monitor, app };
}

async function startNightshift(configFile: string, folder: string, version: string): Promise<App> {
  const flags = { configFile, listenAddress: null, externalUrl: null, storagePath: join(folder, "data") };
  const loaded = await loadSettings(flags, folder);
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join("\n"));
  const stream = createWriteStream(join(folder, "nightshift.log"));
  return openApp({
    settings: loaded.settings,
    reloadSettings: () => loadSettings(flags, folder),
    catalogSource: (settings) => catalogSourceOf(settings),
    enableLifecycle: false,
    version,
    clock: systemClock,
    log: createLog({ level: "info", format: "text", stream }),
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function stayUp(output: CommandOutput): Promise<void> {
  output.stdout.write("\nEverything stays up for your browser. Ctrl-C ends it; the folder is kept.\n");
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
}
