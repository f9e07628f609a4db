import { fileURLToPath } from "node:url";
import { LiveOutputs } from "./archive/live-outputs.ts";
import { apiRoutes } from "./api-routes.ts";
import { checkpointFileOf, openCheckpointFile } from "./audit/checkpoint-file.ts";
import { SYSTEM } from "./audit/entry.ts";
import { CatalogHolder } from "./catalog/reload.ts";
import { type ConfigurationOptions, createConfiguration } from "./configuration.ts";
import { noteConfiguration } from "./engine/audit.ts";
import type { EngineDependencies } from "./engine/dependencies.ts";
import { createEngine, type Engine } from "./engine/engine.ts";
import { createThreadMemory } from "./engine/notice-memory.ts";
import { KnownSecrets } from "./known-secrets.ts";
import { openHostExecutors } from "./host-executors.ts";
import { createHostSecretReader } from "./host-secrets.ts";
import { type InventoryHost, LOCAL_HOST } from "./hosts/host.ts";
import { refreshControlMetrics } from "./engine/control-metrics.ts";
import { healthRoutes, lifecycleRoutes } from "./http/health.ts";
import { readUi } from "./http/pages/ui.ts";
import { alertLinkRoutes } from "./http/pages/alert-link.ts";
import { oidcRoutes } from "./http/login/oidc-routes.ts";
import { passwordRoutes } from "./http/login/password-routes.ts";
import { setupRoutes } from "./http/login/setup-routes.ts";
import { createWhoSends } from "./http/login/who-sends.ts";
import { openLogin, openSetupLink } from "./open-login.ts";
import type { ApiOperation } from "./http/routes.ts";
import { createSubjects } from "./http/subjects.ts";
import { closeServer, createWebApp, createWebServer, listen } from "./http/server.ts";
import { createBodyParser } from "./http/webhooks/body-parser.ts";
import { createWebhooks } from "./http/webhooks/webhooks.ts";
import { type LiveParts, openLiveParts, settingsThatNeedRestart } from "./live-parts.ts";
import { openStorage, type OpenStorage, watchStorage } from "./open-storage.ts";
import { DISK_FULL_TEXT } from "./platform/no-room.ts";
import { createKillPoints } from "./platform/killpoints.ts";
import { createMetrics, type Metrics } from "./platform/metrics.ts";
import { Bell } from "./queue/bell.ts";
import type { Redaction } from "./redaction/redaction.ts";
import { deliveryLimits, requestLimits, retentionSettings, runLimits } from "./settings/limits.ts";
import { openAuditKeys } from "./settings/audit-keys.ts";
import { urlOfListenAddress } from "./settings/listen.ts";
import { readEnvironment } from "./settings/load.ts";
import type { Store } from "./store/store.ts";
import { Teardown } from "./teardown.ts";

export interface AppOptions extends ConfigurationOptions {
  readonly enableLifecycle: boolean;
  readonly version: string;
  /** Gets what is taken out of everything, as configured whenever it is asked: for the log, which is open already. */
  readonly onRedaction?: (current: () => Redaction) => void;
}

/** Beside the program's own folder, in a checkout as in the package. */
const UI_FOLDER = fileURLToPath(new URL("../dist/ui", import.meta.url));

/** The running service. */
export interface App {
  readonly url: string;
  /** What the API offers below `/api/v1`, each with its policy and its facts. */
  readonly operations: readonly ApiOperation[];
  readonly engine: Engine;
  readonly metrics: Metrics;
  readonly store: Store;
  /** Where the first admin is made; null where somebody can log in, or where there is no login. */
  readonly setupUrl: string | null;
  /** Loads settings and catalog anew, as SIGHUP asks for. Resolves with what is wrong; empty when the new configuration is in use. */
  reload(): Promise<readonly string[]>;
  /** Stops in the order in which nothing is lost. */
  stop(): Promise<void>;
}

/** Opens every part in order; `stop` closes them in reverse. A part that fails to open closes those before it. */
export async function openApp(options: AppOptions): Promise<App> {
  const teardown = new Teardown(options.log);
  try {
    return await openParts(options, teardown);
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

async function openParts(options: AppOptions, teardown: Teardown): Promise<App> {
  const { settings, clock, log, version } = options;
  const startedAtMs = clock.nowMs();
  const metrics = createMetrics(version);
  const known = new KnownSecrets();
  const catalog = await CatalogHolder.open(
    options.catalogSource(settings),
    createHostSecretReader(settings, { known, log }),
  );
  teardown.add("catalog", () => catalog.close());
  const storage = await openStorage(settings, {
    clock,
    log,
    metrics,
    // Asked for once something is written into the archive, long after the live parts are open.
    archiveBytesAimed: () => retentionSettings(live.current.settings).bytesMax,
    onClose: (part, close) => teardown.add(part, close),
  });
  const { store } = storage;
  const threads = createThreadMemory(store, log);
  const liveOptions = { clock, log, metrics, threads, known };
  const live = { current: await openLiveParts(settings, liveOptions) };
  options.onRedaction?.(() => live.current.redaction);
  const dependencies = await openDependencies(options, { catalog, storage, live, ...liveOptions }, teardown);
  const engine = createEngine(dependencies);
  watchStorage(storage, engine);
  await engine.start();
  teardown.add("engine", () => engine.stop());
  const parser = createBodyParser(deliveryLimits(settings), () => live.current.sources.mappings);
  teardown.add("body parser", () => parser.close());

  const configuration = createConfiguration(
    options,
    catalog,
    metrics,
    async (fresh) => {
      const parts = await openLiveParts(fresh, liveOptions);
      return () => {
        const waiting = settingsThatNeedRestart(live.current.settings, fresh);
        if (waiting.length > 0)
          log.warn({ settings: waiting }, "these settings are taken on at the next start only");
        live.current = parts;
      };
    },
    (by, action, detail) => noteConfiguration(dependencies, by, action, detail),
  );
  configuration.watch();
  let isStopping = false;
  const whyNotReady = async () => {
    if (isStopping) return "the service is stopping";
    if (dependencies.disk.isFull) return DISK_FULL_TEXT;
    return store.nowMs(store.reader).then(
      () => null,
      () => "the database does not answer",
    );
  };
  const { externalUrl } = settings;
  const login = openLogin(dependencies, live);
  const limits = requestLimits(settings);
  const api = apiRoutes({
    engineDependencies: dependencies,
    engine,
    limits: deliveryLimits(settings),
    startedAtMs,
    configuration,
    login,
  });
  const receive = createWebhooks({
    sources: () => live.current.sources.webhooks,
    parser,
    intake: engine.intake,
    limits,
    clock,
    log,
    metrics,
  });
  const web = createWebApp({
    lifecycle: lifecycleRoutes(options.enableLifecycle ? configuration.reload : null),
    health: healthRoutes({
      metrics,
      beforeScrape: async () => {
        await engine.queue.refresh();
        await refreshControlMetrics(dependencies);
      },
      whyNotReady,
    }),
    api,
    loginPages: [passwordRoutes(login), oidcRoutes(login), setupRoutes(login)],
    pages: alertLinkRoutes(dependencies),
    ui: readUi(UI_FOLDER),
    subjects: createSubjects(dependencies),
    whoSends: createWhoSends(login),
    externalUrl,
    log,
  });
  const server = createWebServer(receive, web, limits);
  teardown.add("web server", () => closeServer(server));
  const port = await listen(server, settings.listen.host, settings.listen.port);
  const url = urlOfListenAddress({ ...settings.listen, port });
  const { rules, runbooks } = catalog.current();
  log.info(
    { url, version, rules: rules.length, runbooks: runbooks.size, storage: settings.storagePath },
    "Nightshift is ready",
  );
  return {
    url,
    operations: api.flatMap((routes) => routes.all),
    setupUrl: await openSetupLink(login),
    engine,
    metrics,
    store,
    reload: () => configuration.reload({ ...SYSTEM, via: "signal" }),
    async stop() {
      isStopping = true;
      engine.drain();
      await teardown.run();
    },
  };
}

interface OpenedBefore {
  readonly catalog: CatalogHolder;
  readonly storage: OpenStorage;
  readonly metrics: Metrics;
  readonly live: { readonly current: LiveParts };
  readonly known: KnownSecrets;
}

/** Database, archive, executors and everything else that the engine uses. */
async function openDependencies(
  options: AppOptions,
  before: OpenedBefore,
  teardown: Teardown,
): Promise<EngineDependencies> {
  const { settings, clock, log, version } = options;
  const { catalog, metrics, live } = before;
  const { archiveFolder, ...storage } = before.storage;
  const inventory = () => catalog.current().inventory;
  const executors = openHostExecutors(settings, {
    lookUp: (name) => inventory().named(name),
    workFolder: storage.workRoot,
    known: before.known,
    onConnectFailure: (reason) => metrics.sshConnectFailures.inc({ reason }),
  });
  teardown.add("executors", () => executors.close());
  return {
    ...storage,
    liveOutputs: new LiveOutputs(),
    version,
    catalog,
    sources: {
      get: (name) => live.current.sources.engine.get(name),
      all: () => [...live.current.sources.engine.values()],
    },
    retention: { settings: () => retentionSettings(live.current.settings), archiveFolder },
    steps: {
      executorFor: (host) => executors.forHost(host),
      writableOn: ({ name }) => inventory().hosts.find((host) => host.name === name)?.writable ?? [],
      inventoryHosts: () => namesAndAddresses(inventory().hosts),
      get prometheus() {
        return live.current.prometheus;
      },
      get trust() {
        return live.current.trust;
      },
      get notifiers() {
        return live.current.notifiers;
      },
    },
    get notifiers() {
      return live.current.notifiers;
    },
    get notifyRoutes() {
      return live.current.notifyRoutes;
    },
    get notifierWording() {
      return live.current.notifierWording;
    },
    get prometheus() {
      return live.current.prometheus;
    },
    get secrets() {
      return live.current.secrets;
    },
    get redaction() {
      return live.current.redaction;
    },
    auditKeys: openAuditKeys(settings),
    auditCheckpoints: openCheckpointFile(checkpointFileOf(settings.storagePath)),
    limits: runLimits(settings),
    externalUrl: settings.externalUrl,
    clock,
    log,
    metrics,
    killPoints: createKillPoints(readEnvironment().killPoint),
    bells: { runs: new Bell(clock), timers: new Bell(clock), outbox: new Bell(clock) },
  };
}

function namesAndAddresses(hosts: readonly InventoryHost[]): string[] {
  return hosts.filter((host) => host.name !== LOCAL_HOST).flatMap((host) => [host.name, host.address]);
}
