import { existsSync } from "node:fs";
import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { openArchiveFolder } from "../../src/archive/archive-folder.ts";
import { ArchiveAccount } from "../../src/archive/archive-room.ts";
import { type ArtifactStore, openArtifactStore } from "../../src/archive/artifact-store.ts";
import { AUDIT_KEYS } from "../audit/audit-fixture.ts";
import { type BundleStore, openBundleStore } from "../../src/archive/bundle-store.ts";
import type { Catalog } from "../../src/catalog/catalog.ts";
import { createRetention, type Retention, type RetentionSettings } from "../../src/engine/retention.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { firstIdAt } from "../../src/platform/ids.ts";
import { createKillPoints } from "../../src/platform/killpoints.ts";
import { createLog } from "../../src/platform/log.ts";
import { ROOMY_DISK } from "../../src/platform/disk.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import { createRedaction } from "../../src/redaction/redaction.ts";
import type { Run } from "../../src/runs/records.ts";
import { insertEpisodes } from "../../src/store/episode-intake.ts";
import { putArtifact, putBundle } from "../../src/store/evidence.ts";
import { putRunbookText } from "../../src/store/new-runs.ts";
import type { Store } from "../../src/store/store.ts";
import { exampleInput, exampleRun, storeArtifact } from "../archive/bundle-fixture.ts";
import { temporaryFolder } from "../archive/temporary-folder.ts";
import { addRuns, newEpisode, newRun } from "../store/rows.ts";

export const DAY_MS = 86_400_000;

export const SETTINGS: RetentionSettings = {
  runsMs: 90 * DAY_MS,
  artifactsMs: 30 * DAY_MS,
  deliveriesMs: 30 * DAY_MS,
  auditMs: 400 * DAY_MS,
  decisionsMs: 90 * DAY_MS,
  bytesMax: 1024 ** 3,
  keepsPinned: true,
};

/** Rows of any age in a real store, with files in a real archive, and the retention that is to remove them. */
export interface Kept {
  readonly folder: string;
  readonly store: Store;
  readonly artifacts: ArtifactStore;
  readonly bundles: BundleStore;
  readonly metrics: ReturnType<typeof createMetrics>;
  readonly log: string[];
  nowMs(): Promise<number>;
  retention(settings?: Partial<RetentionSettings>, catalog?: RetentionCatalog): Retention;
  /** A run that ended so long ago, with one file and one bundle. */
  addRun(ageMs: number, parts?: RunParts): Promise<StoredRun>;
  addEpisode(ageMs: number, isOpen: boolean): Promise<string>;
  readonly hasFiles: (run: StoredRun) => boolean;
  ids(
    table: "run" | "artifact" | "bundle" | "step" | "outbox" | "decision" | "delivery" | "episode",
  ): Promise<string[]>;
}

export type RetentionCatalog = Pick<Catalog, "rules" | "runbooks">;

export interface RunParts {
  readonly isOver?: boolean;
  readonly episodeId?: string;
  readonly groupId?: string;
  readonly bytes?: number;
  readonly runbookDigest?: string;
}

export interface StoredRun {
  readonly id: string;
  readonly bundle: string;
  readonly file: string;
}

export async function openKept(store: Store, clock = systemClock): Promise<Kept> {
  const folder = await temporaryFolder();
  const artifacts = await openArtifactStore(folder);
  const bundles = await openBundleStore(folder);
  const metrics = createMetrics("test");
  const log: string[] = [];
  const stream = { write: (line: string) => log.push(line) } as unknown as NodeJS.WritableStream;
  let serial = 0;
  const idAt = (atMs: number) => {
    serial += 1;
    return `${firstIdAt(atMs).slice(0, -12)}${serial.toString(16).padStart(12, "0")}`;
  };
  const nowMs = () => store.nowMs(store.reader);

  async function addRun(ageMs: number, parts: RunParts = {}): Promise<StoredRun> {
    const atMs = (await nowMs()) - ageMs;
    const id = idAt(atMs - 1_000);
    const digest = parts.runbookDigest ?? "sha256:1";
    await addRuns(
      store,
      newRun({
        id,
        createdAtMs: atMs - 1_000,
        runbookDigest: digest,
        groupId: parts.groupId ?? null,
        trigger: { kind: "alert", rule: "slow", episodeId: parts.episodeId ?? null, principal: "rule:slow" },
      }),
    );
    const content = Buffer.alloc(parts.bytes ?? 100, "line\n");
    const artifact = await storeArtifact(artifacts, id, "files/web-1/app.log", content);
    const run: Run = exampleRun({ id, createdAtMs: atMs - 1_000 });
    const built = await bundles.build(exampleInput({ run, artifacts: [artifact] }), artifacts);
    const file = join(folder, "bundles", `${built.sha256}.zip`);
    const longAgo = new Date(atMs);
    await utimes(file, longAgo, longAgo);
    await utimes(join(folder, "runs", id, artifact.path), longAgo, longAgo);
    await store.transaction(async (tx) => {
      await putArtifact(tx, artifact);
      await putBundle(tx, {
        runId: id,
        revision: 1,
        fileName: built.name,
        sha256: built.sha256,
        bytes: built.bytes,
        sealedAtMs: atMs,
      });
      await putRunbookText(tx, { digest, name: "restart", file: "restart.yml", text: "name: restart" });
      if (parts.isOver !== false)
        await tx
          .updateTable("run")
          .set({ state: "succeeded", finished_at: atMs, counted: 1 })
          .where("id", "=", id)
          .execute();
    });
    return { id, bundle: built.sha256, file };
  }

  return {
    folder,
    store,
    artifacts,
    bundles,
    metrics,
    log,
    nowMs,
    addRun,
    async addEpisode(ageMs, isOpen) {
      const atMs = (await nowMs()) - ageMs;
      const id = idAt(atMs);
      const episode = newEpisode({
        id,
        fingerprint: id.replaceAll("-", "").slice(-16),
        openedAtMs: atMs,
        state: isOpen ? "firing" : "resolved",
        endsAtMs: isOpen ? null : atMs,
        closedAtMs: isOpen ? null : atMs,
        deliveryId: idAt(atMs),
      });
      await store.transaction((tx) => insertEpisodes(tx, store.dialect, [episode]));
      return id;
    },
    hasFiles: (run) => existsSync(join(folder, "runs", run.id)) || existsSync(run.file),
    retention: (settings = {}, catalog = { rules: [], runbooks: new Map() }) =>
      createRetention({
        store,
        auditKeys: AUDIT_KEYS,
        redaction: createRedaction({ known: [], own: [], onRedacted: () => {} }),
        artifacts,
        bundles,
        room: new ArchiveAccount({
          disk: ROOMY_DISK,
          aimedBytes: () => SETTINGS.bytesMax,
          spoolBytesMax: SETTINGS.bytesMax,
          fullBytesMax: 0,
          onRefused: () => {},
          onChange: ({ archiveBytes }) => metrics.archiveBytes.set(archiveBytes ?? -1),
        }),
        clock,
        metrics,
        log: createLog({ level: "info", format: "json", stream }),
        killPoints: createKillPoints(undefined),
        catalog: { current: () => catalog },
        retention: {
          settings: () => ({ ...SETTINGS, ...settings }),
          archiveFolder: openArchiveFolder(folder),
        },
      }),
    async ids(table) {
      const column = table === "run" || table === "decision" || table === "delivery" || table === "episode";
      const rows = await store.reader
        .selectFrom(table)
        .select(column ? "id as key" : "run_id as key")
        .execute();
      return [...new Set(rows.map((row) => String(row.key)))].sort();
    },
  };
}
