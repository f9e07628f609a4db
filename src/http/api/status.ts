import { z } from "zod";
import type { NameChanges } from "../../catalog/changes.ts";
import type {
  ConfigurationChanges,
  ConfigurationStatus,
  LastReload,
} from "../../catalog/configuration-status.ts";
import type { CatalogHolder } from "../../catalog/reload.ts";
import type { ArchiveAccount } from "../../archive/archive-room.ts";
import { LOCAL_HOST } from "../../hosts/host.ts";
import { BALLAST_STATES } from "../../platform/ballast.ts";
import { DISK_FULL_TEXT } from "../../platform/no-room.ts";
import type { DiskState } from "../../platform/disk.ts";
import { countNotices } from "../../store/notices.ts";
import { countActivePauses } from "../../store/pauses.ts";
import { readQueueFacts } from "../../store/runs.ts";
import type { Store } from "../../store/store.ts";
import { rfc3339 } from "../times.ts";
import { ApiRoutes, may } from "../routes.ts";
import { countSchema, digestSchema, type Shape, timeSchema } from "./shapes/common.ts";

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

const namesSchema = z.object({
  added: z.array(z.string()),
  removed: z.array(z.string()),
  changed: z.array(z.string()),
  more: countSchema,
});

const reloadSchema = z.object({
  at: timeSchema,
  ok: z.boolean(),
  problems: z.array(z.string()),
  problems_more: countSchema,
  changed: z
    .object({
      rules: namesSchema,
      rule_order: z.boolean(),
      runbooks: namesSchema,
      schedules: namesSchema,
      hosts: namesSchema,
      settings: z.array(z.string()),
    })
    .nullable(),
});

const storageSchema = z.object({
  disk: z.object({ full: z.boolean(), free: countSchema.nullable(), advice: z.string().nullable() }),
  ballast: z.object({ state: z.enum(BALLAST_STATES), size: countSchema }),
  archive: z.object({ size: countSchema.nullable(), spool: countSchema, spool_max: countSchema }),
});

const statusSchema = z
  .object({
    version: z.string(),
    node: z.string(),
    started_at: timeSchema,
    database: z.enum(["sqlite", "postgres"]),
    configuration: z.object({
      digest: digestSchema,
      revision: countSchema,
      loaded_at: timeSchema,
      last_reload: reloadSchema.nullable(),
    }),
    rules: countSchema,
    runbooks: countSchema,
    schedules: countSchema,
    hosts: countSchema,
    queue: z.object({ depth: countSchema, oldest_at: timeSchema.nullable() }),
    pauses_active: countSchema,
    notices: z.object({ pending: countSchema, dead: countSchema }),
    storage: storageSchema,
  })
  .meta({ id: "Status" });

const statusFacts = {
  id: "getStatus",
  summary: "What runs here, with which configuration, and what waits or is stopped",
  answers: { 200: statusSchema },
};

/** What runs here, with which configuration, and what waits or is stopped. */
export function statusRoutes(dependencies: StatusRoutesDependencies): ApiRoutes {
  const { store, catalog, nodeId, version, startedAtMs } = dependencies;
  const routes = new ApiRoutes("Service");
  routes.get("/status", may("see"), statusFacts, async (_request, response) => {
    const nowMs = await store.nowMs(store.reader);
    const queue = await readQueueFacts(store.reader);
    const pauses = await countActivePauses(store.reader, nowMs);
    const { rules, runbooks, schedules, inventory } = catalog.current();
    const status: Shape<typeof statusSchema> = {
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
    };
    response.json(status);
  });
  return routes;
}

/** Sizes in bytes. */
function storageShape({
  disk,
  room,
}: Pick<StatusRoutesDependencies, "disk" | "room">): Shape<typeof storageSchema> {
  const { freeBytes, isFull, ballast } = disk.facts();
  const { archiveBytes, spoolBytes, spoolBytesMax } = room.facts();
  return {
    disk: { full: isFull, free: freeBytes, advice: isFull ? DISK_FULL_TEXT : null },
    ballast: { state: ballast.state, size: ballast.bytes },
    archive: { size: archiveBytes, spool: spoolBytes, spool_max: spoolBytesMax },
  };
}

function configurationShape(status: ConfigurationStatus): Shape<typeof statusSchema>["configuration"] {
  return {
    digest: status.digest,
    revision: status.revision,
    loaded_at: rfc3339(status.loadedAtMs),
    last_reload: status.lastReload === null ? null : reloadShape(status.lastReload),
  };
}

/** More than this of them are in the log and in `nightshift check` only. */
const PROBLEMS_MAX = 100;

function reloadShape(reload: LastReload): Shape<typeof reloadSchema> {
  return {
    at: rfc3339(reload.atMs),
    ok: reload.isOk,
    problems: reload.problems.slice(0, PROBLEMS_MAX),
    problems_more: Math.max(0, reload.problems.length - PROBLEMS_MAX),
    changed: reload.changed === null ? null : changesShape(reload.changed),
  };
}

function changesShape(changes: ConfigurationChanges): Shape<typeof reloadSchema>["changed"] {
  return {
    rules: namesShape(changes.rules),
    rule_order: changes.isRuleOrderChanged,
    runbooks: namesShape(changes.runbooks),
    schedules: namesShape(changes.schedules),
    hosts: namesShape(changes.hosts),
    settings: changes.settings,
  };
}

function namesShape({ added, removed, changed, more }: NameChanges): Shape<typeof namesSchema> {
  return { added, removed, changed, more };
}
