import { LiveOutputs } from "../../src/archive/live-outputs.ts";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { endlessAccount } from "../../src/archive/archive-room.ts";
import { openArtifactStore } from "../../src/archive/artifact-store.ts";
import { openBundleStore } from "../../src/archive/bundle-store.ts";
import { checkpointFileOf, openCheckpointFile } from "../../src/audit/checkpoint-file.ts";
import { CatalogHolder } from "../../src/catalog/reload.ts";
import type { EngineDependencies, Source } from "../../src/engine/dependencies.ts";
import { createEngine, type Engine } from "../../src/engine/engine.ts";
import { openOutcomeJournal } from "../../src/engine/outcome-journal.ts";
import { openExecutors } from "../../src/executors/executors.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { ROOMY_DISK } from "../../src/platform/disk.ts";
import { readInputKey } from "../../src/platform/input-key.ts";
import { createKillPoints } from "../../src/platform/killpoints.ts";
import { createLog } from "../../src/platform/log.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import { Bell } from "../../src/queue/bell.ts";
import { createRedaction } from "../../src/redaction/redaction.ts";
import { catalogSourceOf } from "../../src/settings/catalog-source.ts";
import { openAuditKeys } from "../../src/settings/audit-keys.ts";
import { loadSettings } from "../../src/settings/load.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";
import { PROGRAM_FOLDER, type ServiceFolder } from "../support/service.ts";

/** One node of several: an engine of its own on a database that others share. */
export interface TestNode {
  readonly store: Store;
  readonly engine: Engine;
  readonly dependencies: EngineDependencies;
  stop(): Promise<void>;
}

/** What all nodes receive from. */
export const TEST_SOURCE: Source = {
  name: "alertmanager",
  kind: "alertmanager",
  mapping: null,
  api: null,
  annotations: null,
  authKind: "none",
  episodeTtlMs: 3_600_000,
};

/** Opens a node with the configuration of the folder, on SQLite where no database is named, and starts it. */
export async function startNode(
  at: ServiceFolder,
  nodeId: string,
  databaseUrl: string | null,
  changed: (dependencies: EngineDependencies) => Partial<EngineDependencies> = () => ({}),
): Promise<TestNode> {
  const loaded = await loadSettings(
    {
      configFile: at.configFile,
      listenAddress: null,
      externalUrl: null,
      storagePath: join(at.folder, nodeId),
    },
    PROGRAM_FOLDER,
  );
  if (!loaded.ok) throw new Error("the settings of the test are wrong");
  const { storagePath } = loaded.settings;
  const workRoot = join(storagePath, "work");
  mkdirSync(workRoot, { recursive: true });
  const catalog = await CatalogHolder.open(catalogSourceOf(loaded.settings));
  const store = await openStore({ folder: storagePath, databaseUrl, clock: systemClock });
  const executors = openExecutors({
    lookUp: (name) => catalog.current().inventory.hosts.find((host) => host.name === name),
    workFolder: workRoot,
  });
  const base: EngineDependencies = {
    nodeId,
    version: "0.0.0-test",
    store,
    catalog,
    sources: {
      get: (name) => (name === TEST_SOURCE.name ? TEST_SOURCE : undefined),
      all: () => [TEST_SOURCE],
    },
    disk: ROOMY_DISK,
    room: endlessAccount(),
    artifacts: await openArtifactStore(join(storagePath, "archive")),
    liveOutputs: new LiveOutputs(),
    bundles: await openBundleStore(join(storagePath, "archive")),
    retention: null,
    steps: {
      executorFor: (host) => executors.forHost(host),
      writableOn: () => [],
      prometheus: null,
      inventoryHosts: () => [],
      trust: null,
      notifiers: new Map(),
    },
    notifiers: new Map(),
    notifierWording: new Map(),
    notifyRoutes: [],
    prometheus: null,
    secrets: new Map(),
    redaction: createRedaction({ known: [], own: [], onRedacted: () => {} }),
    inputKey: readInputKey(storagePath),
    auditKeys: openAuditKeys(loaded.settings),
    auditCheckpoints: openCheckpointFile(checkpointFileOf(storagePath)),
    journal: openOutcomeJournal(join(storagePath, "outcomes.jsonl")),
    limits: {
      runsMax: 10,
      queueMax: 1_000,
      pendingDeliveriesMax: 1_000,
      shutdownGraceMs: 5_000,
      startWithinMs: 60_000,
      bundleBytesMax: 2 * 1024 ** 3,
    },
    workRoot,
    externalUrl: "http://nightshift.example.net",
    clock: systemClock,
    log: createLog({
      level: process.env["NIGHTSHIFT_TEST_LOG"] === undefined ? "silent" : "debug",
      format: "text",
    }),
    metrics: createMetrics("0.0.0-test"),
    killPoints: createKillPoints(undefined),
    bells: { runs: new Bell(systemClock), timers: new Bell(systemClock), outbox: new Bell(systemClock) },
  };
  const dependencies = { ...base, ...changed(base) };
  const engine = createEngine(dependencies);
  await engine.start();
  return {
    store,
    engine,
    dependencies,
    async stop() {
      await engine.stop();
      await executors.close();
      catalog.close();
      await store.close();
    },
  };
}
