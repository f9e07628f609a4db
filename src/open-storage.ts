import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type ArchiveFolder, openArchiveFolder } from "./archive/archive-folder.ts";
import { ArchiveAccount } from "./archive/archive-room.ts";
import { type ArtifactStore, openArtifactStore } from "./archive/artifact-store.ts";
import { type BundleStore, openBundleStore } from "./archive/bundle-store.ts";
import type { Engine } from "./engine/engine.ts";
import { type OutcomeJournal, openOutcomeJournal } from "./engine/outcome-journal.ts";
import type { Clock } from "./platform/clock.ts";
import { Disk } from "./platform/disk.ts";
import { type InputKey, readInputKey } from "./platform/input-key.ts";
import type { Log } from "./platform/log.ts";
import type { Metrics } from "./platform/metrics.ts";
import { readNodeId } from "./platform/node-identity.ts";
import { spoolBytesMax } from "./settings/limits.ts";
import type { Settings } from "./settings/load.ts";
import { noteNode } from "./store/nodes.ts";
import { openStore } from "./store/open.ts";
import type { Store } from "./store/store.ts";

/** Everything that lies in `storage.path`. */
export interface OpenStorage {
  readonly nodeId: string;
  readonly disk: Disk;
  readonly store: Store;
  readonly room: ArchiveAccount;
  readonly artifacts: ArtifactStore;
  readonly bundles: BundleStore;
  readonly archiveFolder: ArchiveFolder;
  readonly workRoot: string;
  readonly inputKey: InputKey;
  readonly journal: OutcomeJournal;
}

export interface StorageOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** As configured now. */
  readonly archiveBytesAimed: () => number;
  readonly onClose: (part: string, close: () => Promise<void> | void) => void;
}

/** Of the ballast's room for logs and bundles, while the disk is full; the rest is for the database. */
const FULL_SHARE = 1 / 4;

/** Opens the disk first: on one that is full already, what follows needs the room of the ballast. */
export async function openStorage(settings: Settings, options: StorageOptions): Promise<OpenStorage> {
  const { storagePath, ballastBytes } = settings;
  const { clock, log, metrics, onClose } = options;
  const disk = new Disk({ folder: storagePath, ballastBytes, clock, log, metrics });
  const nodeId = readNodeId(storagePath);
  const onDiskFull = (error: unknown) => disk.reportFull(error);
  const store = await openStore({ folder: storagePath, databaseUrl: null, clock, onDiskFull });
  onClose("store", () => store.close());
  onClose("disk", () => disk.stop());
  const room = new ArchiveAccount({
    disk,
    aimedBytes: options.archiveBytesAimed,
    spoolBytesMax: spoolBytesMax(settings),
    fullBytesMax: ballastBytes * FULL_SHARE,
    onRefused: (because) => metrics.evidenceLeftOut.inc({ because }),
    onChange({ archiveBytes, spoolBytes }) {
      if (archiveBytes !== null) metrics.archiveBytes.set(archiveBytes);
      metrics.spoolBytes.set(spoolBytes);
    },
  });
  const archive = join(storagePath, "archive");
  const workRoot = join(storagePath, "work");
  await mkdir(workRoot, { recursive: true, mode: 0o700 });
  return {
    nodeId,
    disk,
    store,
    room,
    artifacts: await openArtifactStore(archive, room),
    bundles: await openBundleStore(archive, room),
    archiveFolder: openArchiveFolder(archive),
    workRoot,
    inputKey: readInputKey(storagePath),
    journal: openOutcomeJournal(join(storagePath, "outcomes.jsonl")),
  };
}

/** From now on the disk is looked at, and retention comes when there is little room. */
export function watchStorage(
  { disk, room, store, nodeId }: Pick<OpenStorage, "disk" | "room" | "store" | "nodeId">,
  { retention }: Pick<Engine, "retention">,
): void {
  room.whenCrowded(() => retention.hasten());
  disk.start({
    probe: () =>
      store
        .transaction(async (tx) => noteNode(tx, nodeId, await store.nowMs(tx)))
        .then(
          () => true,
          () => false,
        ),
    onFull: () => retention.hasten(),
  });
}
