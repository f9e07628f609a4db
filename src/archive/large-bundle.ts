import { rm } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { PackedList } from "../platform/packed-list.ts";
import type { Artifact } from "../runs/records.ts";
import type { BundleInput } from "./bundle-input.ts";
import type { ArchiveRoom } from "./archive-room.ts";
import type { FilledAside } from "./file-aside.ts";

// A large bundle is made in a thread of its own. Here it would keep the service busy for seconds, a piece at a time, and memory would
// rise by what the collector leaves lying about: 170 MiB for 70,000 files. The thread's young heap is small, and goes with it.

/** Starting a thread takes about as long as packing so many small files, or so much text. */
const FILES_MIN = 2_000;
const BYTES_MIN = 64 * 1024 ** 2;
const YOUNG_MIB_MAX = 3;

/** What the thread is given: the input, with its long list as bytes. */
export interface LargeBundleTask {
  readonly folder: string;
  readonly aside: string;
  readonly input: Omit<BundleInput, "artifacts">;
  readonly artifacts: readonly Uint8Array[];
}

export type LargeBundleAnswer =
  | { readonly kind: "made"; readonly zip: FilledAside }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "disk_full"; readonly message: string };

export function isLarge(input: BundleInput): boolean {
  if (!(input.artifacts instanceof PackedList)) return false;
  if (input.artifacts.length >= FILES_MIN) return true;
  let bytes = 0;
  for (const artifact of input.artifacts) bytes += artifact.bytes;
  return bytes >= BYTES_MIN;
}

export interface LargeBundlePlace {
  readonly folder: string;
  readonly aside: string;
  readonly room: ArchiveRoom;
}

/** The zip of {@link zipOf}, written aside by a thread that reads the archive in this folder. */
export async function zipInWorker(
  { folder, aside, room }: LargeBundlePlace,
  input: BundleInput,
): Promise<FilledAside> {
  // The thread knows nothing of room, and its bundle is more than a full disk is good for.
  if (room.isDiskFull) room.take(BYTES_MIN, "evidence");
  const { artifacts, ...rest } = input;
  const packed = artifacts instanceof PackedList ? artifacts : packedFrom(artifacts);
  const task: LargeBundleTask = { folder, aside, input: rest, artifacts: packed.blocks() };
  // The built program has .js files, a source checkout .ts files.
  const file = import.meta.url.endsWith(".ts") ? "./bundle-worker.ts" : "./bundle-worker.js";
  const worker = new Worker(new URL(file, import.meta.url), {
    workerData: task,
    // Handed over instead of copied: nobody reads the list here again. Small ones share their memory with others.
    transferList: task.artifacts.flatMap(({ buffer, byteLength }) =>
      buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [],
    ),
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB_MAX },
  });
  try {
    const answer = await new Promise<LargeBundleAnswer>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
      worker.once("exit", () => reject(new Error("the thread that made a large bundle ended")));
    });
    switch (answer.kind) {
      case "made":
        return await taken(room, answer.zip);
      case "disk_full":
        throw room.explain(Object.assign(new Error(answer.message), { code: "ENOSPC" }));
      case "failed":
        throw new Error(`a large bundle could not be made: ${answer.message}`);
    }
  } finally {
    await worker.terminate();
  }
}

async function taken(room: ArchiveRoom, zip: FilledAside): Promise<FilledAside> {
  try {
    room.take(zip.bytes, "essential");
    return zip;
  } catch (error) {
    await rm(zip.path, { force: true });
    throw error;
  }
}

function packedFrom(artifacts: Iterable<Artifact>): PackedList<Artifact> {
  const packed = new PackedList<Artifact>();
  for (const artifact of artifacts) packed.push(artifact);
  return packed;
}
