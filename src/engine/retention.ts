import { setImmediate as nextTurn } from "node:timers/promises";
import type { Catalog } from "../catalog/catalog.ts";
import type { Timer } from "../runs/records.ts";
import { claimTimer, ensureTimer, setTimer } from "../store/timers.ts";
import type { EngineDependencies } from "./dependencies.ts";
import { sweepArchive } from "./archive-sweep.ts";
import { longestGuardWindowMs } from "./guard-windows.ts";
import { expireAudit } from "./retention-audit.ts";
import { dropRemovedFiles } from "./retention-files.ts";
import { expireAlertBundles, expireHistory } from "./retention-history.ts";
import { ReportBuilder, type RetentionReport } from "./retention-report.ts";
import { expireEvidence, expireRuns, fitArchive, measureArchive } from "./retention-runs.ts";

const EVERY_MS = 3_600_000;
/** After a start there is more urgent work. */
const FIRST_MS = 60_000;
const HASTEN_EVERY_MS = 60_000;
const SWEEP_EVERY_MS = 24 * 3_600_000;
const SUBJECT = "archive";

/** How long what is kept. */
export interface RetentionSettings {
  readonly runsMs: number;
  readonly artifactsMs: number;
  readonly deliveriesMs: number;
  readonly decisionsMs: number;
  readonly auditMs: number;
  /** Of files and bundles together; beyond it the oldest go first. */
  readonly bytesMax: number;
  readonly keepsPinned: boolean;
}

export interface PassOptions {
  /** Only counts what would go. */
  readonly isDryRun: boolean;
  /** Compares every file of the archive with the database, instead of only what is new. */
  readonly isThorough: boolean;
  /** Removes also what the database does not know: after a database was restored or begun anew, that may be evidence worth keeping. */
  readonly removesUnknown: boolean;
}

/** One pass, as its parts see it. */
export interface Pass extends PassOptions {
  readonly dependencies: RetentionDependencies;
  readonly report: ReportBuilder;
  readonly nowMs: number;
  readonly settings: RetentionSettings;
  /** Of rows that guards count by: never shorter than their windows. */
  readonly runsMs: number;
  readonly stopped: AbortSignal;
  /** Lets others run; call it between two transactions. Throws when the service stops. */
  readonly breathe: () => Promise<void>;
}

export interface RetentionDependencies
  extends Pick<
    EngineDependencies,
    | "store"
    | "auditKeys"
    | "redaction"
    | "artifacts"
    | "bundles"
    | "room"
    | "retention"
    | "metrics"
    | "log"
    | "killPoints"
    | "clock"
  > {
  readonly catalog: { current(): Pick<Catalog, "rules" | "runbooks"> };
}

/** Removes what is too old or too much, in small transactions. At most one pass at a time. */
export interface Retention {
  /** While another pass is going on, waits for it first. `report` is filled while it goes on, for who wants to know how far it is. */
  pass(options: PassOptions, report?: ReportBuilder): Promise<RetentionReport>;
  handle(timer: Timer): Promise<void>;
  /** A pass out of turn, because there is little room. Nothing while one is under way, and at most one a minute. */
  hasten(): void;
  /** Ends a pass under way after its current transaction. */
  stop(): void;
}

export async function scheduleRetention({
  store,
  retention,
}: Pick<RetentionDependencies, "store" | "retention">): Promise<void> {
  if (retention === null) return;
  await store.transaction(async (tx) => {
    const dueAtMs = (await store.nowMs(tx)) + FIRST_MS;
    await ensureTimer(tx, { kind: "retention", subject: SUBJECT, dueAtMs, data: {} });
  });
}

export function createRetention(dependencies: RetentionDependencies): Retention {
  const stopped = new AbortController();
  let last: Promise<unknown> = Promise.resolve();
  let sweptAtMs = Number.NEGATIVE_INFINITY;
  let hastenedAtMs = Number.NEGATIVE_INFINITY;
  const inTurn = (options: PassOptions, report = new ReportBuilder()) => {
    const next = last.then(() => runPass(dependencies, options, report, stopped.signal));
    last = next.catch(() => {});
    return next;
  };
  return {
    pass: inTurn,
    stop: () => stopped.abort(),
    hasten() {
      const { clock, log, retention } = dependencies;
      const nowMs = clock.monotonicMs();
      if (retention === null || stopped.signal.aborted || nowMs - hastenedAtMs < HASTEN_EVERY_MS) return;
      hastenedAtMs = nowMs;
      inTurn({ isDryRun: false, isThorough: false, removesUnknown: false }).catch((error: unknown) => {
        if (!stopped.signal.aborted)
          log.warn({ error }, "retention out of turn failed; it comes again by itself");
      });
    },
    async handle(timer) {
      const { store, clock } = dependencies;
      // Moved first: a pass that fails is tried again at the next hour, and not at once for ever.
      const isMine = await store.transaction(async (tx) => {
        if (!(await claimTimer(tx, timer))) return false;
        await setTimer(tx, { ...timer, dueAtMs: (await store.nowMs(tx)) + EVERY_MS });
        return true;
      });
      if (!isMine) return;
      const isThorough = clock.nowMs() - sweptAtMs >= SWEEP_EVERY_MS;
      await inTurn({ isDryRun: false, isThorough, removesUnknown: false });
      if (isThorough) sweptAtMs = clock.nowMs();
    },
  };
}

async function runPass(
  dependencies: RetentionDependencies,
  options: PassOptions,
  report: ReportBuilder,
  stopped: AbortSignal,
): Promise<RetentionReport> {
  const { store, catalog, retention, room, metrics, log } = dependencies;
  if (retention === null) throw new Error("nothing is kept here, so nothing can be removed");
  const settings = retention.settings();
  const pass: Pass = {
    ...options,
    dependencies,
    report,
    nowMs: await store.nowMs(store.reader),
    settings,
    runsMs: Math.max(settings.runsMs, longestGuardWindowMs(catalog.current())),
    stopped,
    breathe: async () => {
      await nextTurn();
      stopped.throwIfAborted();
    },
  };
  if (!options.isDryRun) await dropRemovedFiles(pass);
  const setCounted = room.beginCount();
  report.archiveBytes = await measureArchive(pass);
  const parts = [
    ["evidence", expireAlertBundles],
    ["evidence", expireEvidence],
    ["runs", expireRuns],
    ["history", expireHistory],
    ["audit", expireAudit],
    ["size", fitArchive],
    ["archive", sweepArchive],
  ] as const;
  for (const [stage, part] of parts) {
    report.stage = stage;
    await part(pass);
  }
  const finished = report.finish(options.isDryRun, settings.bytesMax);
  if (!options.isDryRun) {
    for (const [kind, { count }] of finished.removed) metrics.retentionDeleted.inc({ kind }, count);
    const freed = ["evidence", "alert_bundle", "stray_file"] as const;
    const freedBytes = freed.reduce((sum, kind) => sum + report.removed(kind).bytes, 0);
    setCounted(Math.max(0, report.archiveBytes - freedBytes));
    if (finished.removed.size > 0)
      log.info({ removed: Object.fromEntries(finished.removed) }, "removed what was too old");
    if (finished.missing.length > 0)
      log.warn(
        { files: finished.missing.length + finished.missingMore, first: finished.missing[0] },
        "files of runs are missing in the archive",
      );
  }
  return finished;
}
