import type { Request, Response } from "express";
import type { NameChanges } from "../../catalog/changes.ts";
import type {
  ConfigurationChanges,
  ConfigurationStatus,
  LastReload,
} from "../../catalog/configuration-status.ts";
import type { CatalogHolder } from "../../catalog/reload.ts";
import type { ArchiveAccount } from "../../archive/archive-room.ts";
import { LOCAL_HOST } from "../../hosts/host.ts";
import { DISK_FULL_TEXT } from "../../platform/no-room.ts";
import type { DiskState } from "../../platform/disk.ts";
import { countNotices } from "../../store/notices.ts";
import { countActivePauses } from "../../store/pauses.ts";
import { readQueueFacts } from "../../store/runs.ts";
import type { Store } from "../../store/store.ts";
import { rfc3339 } from "../times.ts";
import { may, Routes } from "../routes.ts";

export interface StatusRoutesDependencies {
  readonly store: Store;
  readonly catalog: Pick<CatalogHolder, "current">;
  readonly configuration: () => ConfigurationStatus;
  readonly disk: Pick<DiskState, "facts">;
  readonly room: Pick<ArchiveAccount, "facts">;
  readonly nodeId: string;
  readonly version: string;
  readonly startedAtMs: number;
}

/** What runs here, with which configuration, and what waits or is stopped. */
export function statusRoutes(dependencies: StatusRoutesDependencies): Routes {
  const { store, catalog, nodeId, version, startedAtMs } = dependencies;
  const routes = new Routes();
  routes.get("/status", may("see"), async (_request: Request, response: Response) => {
    const nowMs = await store.nowMs(store.reader);
    const queue = await readQueueFacts(store.reader);
    const pauses = await countActivePauses(store.reader, nowMs);
    const { rules, runbooks, schedules, inventory } = catalog.current();
    response.json({
      version,
      node: nodeId,
      started_at: rfc3339(startedAtMs),
      database: store.dialect,
      configuration: configurationShape(dependencies.configuration()),
      rules: rules.length,
      runbooks: runbooks.size,
      schedules: schedules.size,
      hosts: inventory.hosts.filter((host) => host.name !== LOCAL_HOST).length,
      queue: { depth: queue.queued, oldest_at: rfc3339(queue.oldestCreatedAtMs) },
      pauses_active: pauses,
      notices: await countNotices(store.reader),
      storage: storageShape(dependencies),
    });
  });
  return routes;
}

/** Sizes in bytes. */
function storageShape({
  disk,
  room,
}: Pick<StatusRoutesDependencies, "disk" | "room">): Record<string, unknown> {
  const { freeBytes, isFull, ballast } = disk.facts();
  const { archiveBytes, spoolBytes, spoolBytesMax } = room.facts();
  return {
    disk: { full: isFull, free: freeBytes, advice: isFull ? DISK_FULL_TEXT : null },
    ballast: { state: ballast.state, size: ballast.bytes },
    archive: { size: archiveBytes, spool: spoolBytes, spool_max: spoolBytesMax },
  };
}

function configurationShape(status: ConfigurationStatus): Record<string, unknown> {
  return {
    digest: status.digest,
    revision: status.revision,
    loaded_at: rfc3339(status.loadedAtMs),
    last_reload: status.lastReload === null ? null : reloadShape(status.lastReload),
  };
}

/** More than this of them are in the log and in `nightshift check` only. */
const PROBLEMS_MAX = 100;

function reloadShape(reload: LastReload): Record<string, unknown> {
  return {
    at: rfc3339(reload.atMs),
    ok: reload.isOk,
    problems: reload.problems.slice(0, PROBLEMS_MAX),
    problems_more: Math.max(0, reload.problems.length - PROBLEMS_MAX),
    changed: reload.changed === null ? null : changesShape(reload.changed),
  };
}

function changesShape(changes: ConfigurationChanges): Record<string, unknown> {
  return {
    rules: namesShape(changes.rules),
    rule_order: changes.isRuleOrderChanged,
    runbooks: namesShape(changes.runbooks),
    schedules: namesShape(changes.schedules),
    hosts: namesShape(changes.hosts),
    settings: changes.settings,
  };
}

function namesShape({ added, removed, changed, more }: NameChanges): Record<string, unknown> {
  return { added, removed, changed, more };
}
