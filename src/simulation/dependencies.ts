import { LiveOutputs } from "../archive/live-outputs.ts";
import { endlessAccount } from "../archive/archive-room.ts";
import type { ArtifactStore } from "../archive/artifact-store.ts";
import type { BundleStore } from "../archive/bundle-store.ts";
import { createAuditKeys } from "../audit/keys.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { EngineDependencies } from "../engine/dependencies.ts";
import type { OutcomeJournal } from "../engine/outcome-journal.ts";
import type { Prometheus } from "../outbound/prometheus.ts";
import { ROOMY_DISK } from "../platform/disk.ts";
import { createInputKey } from "../platform/input-key.ts";
import { createKillPoints } from "../platform/killpoints.ts";
import { createLog, type Log } from "../platform/log.ts";
import { createMetrics, type Metrics } from "../platform/metrics.ts";
import { Bell } from "../queue/bell.ts";
import { createRedaction } from "../redaction/redaction.ts";
import { runLimits } from "../settings/limits.ts";
import type { Settings } from "../settings/load.ts";
import type { AttemptResult, StepContext } from "../runs/step-context.ts";
import type { Store } from "../store/store.ts";
import type { SimulatedClock } from "./clock.ts";
import { simulatedSources } from "./sources.ts";

/** What all simulations of one command share: nobody reads it. */
export interface SharedParts {
  readonly metrics: Metrics;
  readonly log: Log;
}

export function createSharedParts(): SharedParts {
  return { metrics: createMetrics("simulation"), log: createLog({ level: "silent", format: "json" }) };
}

export interface WorldOptions {
  readonly shared: SharedParts;
  readonly settings: Settings;
  readonly catalog: Catalog;
  readonly store: Store;
  readonly clock: SimulatedClock;
  readonly prometheus: Prometheus | null;
  /** Where the logs of simulated steps go; null where no step is simulated. */
  readonly files: { readonly artifacts: ArtifactStore; readonly workRoot: string } | null;
  /** How an attempt of a step ends; null where no step is simulated. */
  readonly simulate: ((context: StepContext) => Promise<AttemptResult>) | null;
}

/** The node that all simulated runs belong to. */
export const NODE_ID = "simulation";

/** Everything the engine uses. What would reach outside (processes, HTTP, notifiers, bundles) is not there. */
export function simulatedDependencies(options: WorldOptions): EngineDependencies {
  const { shared, settings, catalog, store, clock, prometheus, files, simulate } = options;
  const sources = simulatedSources(settings, () => store.reader);
  return {
    nodeId: NODE_ID,
    version: "simulation",
    store,
    catalog: { current: () => catalog },
    sources: { get: (name) => sources.get(name), all: () => [...sources.values()] },
    disk: ROOMY_DISK,
    room: endlessAccount(),
    artifacts: files?.artifacts ?? absentArtifacts(),
    liveOutputs: new LiveOutputs(),
    bundles: absentBundles(),
    retention: null,
    steps: {
      executorFor: () => absent("an executor"),
      writableOn: () => [],
      prometheus,
      inventoryHosts: () => [],
      trust: null,
      notifiers: new Map(),
      simulate: simulate ?? (async () => absent("a step")),
    },
    notifiers: new Map(),
    notifyRoutes: [],
    notifierWording: new Map(),
    prometheus,
    secrets: simulatedSecrets(settings),
    redaction: createRedaction({ known: [], own: [], onRedacted: () => {} }),
    journal: FORGETFUL,
    inputKey: createInputKey(Buffer.from(NODE_ID)),
    auditKeys: createAuditKeys([Buffer.from(NODE_ID)]),
    auditCheckpoints: { append: async () => {}, readLast: async () => null },
    limits: runLimits(settings),
    workRoot: files?.workRoot ?? "",
    externalUrl: settings.externalUrl,
    clock,
    log: shared.log,
    metrics: shared.metrics,
    killPoints: createKillPoints(undefined),
    bells: { runs: new Bell(clock), timers: new Bell(clock), outbox: new Bell(clock) },
  };
}

/** A simulation that asks for it has a defect: it must not reach outside. */
function absent(what: string): never {
  throw new Error(`a simulation asked for ${what}, which it does not have; this is a bug`);
}

/** No secret is read: each has a text in its place. */
function simulatedSecrets({ secrets }: Settings): EngineDependencies["secrets"] {
  return new Map(
    Object.keys(secrets).map((name) => [name, { kind: "value", value: `the secret ${name}` }] as const),
  );
}

/** The database of a simulation is never away. */
const FORGETFUL: OutcomeJournal = {
  append: () => true,
  find: () => null,
  settle: () => {},
  clear: () => {},
};

function absentArtifacts(): ArtifactStore {
  const none = () => absent("the archive");
  return { createFile: none, read: none, scan: none, stat: none, list: none, remove: none, scratch: none };
}

function absentBundles(): BundleStore {
  const none = () => absent("the bundles");
  return {
    build: none,
    buildTemporary: none,
    buildForAlert: none,
    buildTemporaryForAlert: none,
    open: none,
    stat: none,
    prepareTarGz: none,
    read: none,
    remove: none,
  };
}
