import { createReadStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { alertBundleParts } from "./alert-bundle.ts";
import type { AlertBundleInput } from "./alert-bundle-input.ts";
import { type ArchiveRoom, ENDLESS_ROOM } from "./archive-room.ts";
import { type ArtifactStore, ArtifactError, type ByteRange } from "./artifact-store.ts";
import { tarGzOf, zipOf, zipOfParts } from "./bundle.ts";
import type { BundleInput } from "./bundle-input.ts";
import { bundleName } from "./bundle-names.ts";
import {
  explained,
  type FilledAside,
  fillAside,
  makeFolder,
  moveDurably,
  type RoomShare,
} from "./file-aside.ts";
import { isLarge, zipInWorker } from "./large-bundle.ts";
import { zipEntries } from "./zip-entries.ts";

export type BundleFormat = "zip" | "tar.gz";

/** A bundle as stored. `sha256` is that of the zip and names the bundle, whatever the format it is read in. */
export interface StoredBundle {
  /** For the person who downloads it, without an ending. */
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** A bundle that can be read in both formats. */
export interface ReadableBundle extends StoredBundle {
  /** Makes the tar.gz if there is none yet. */
  tarGzBytes(): Promise<number>;
  /** `end` is exclusive. Throws {@link ArtifactError} `not-found` before the first byte. */
  read(format: BundleFormat, range?: ByteRange): Promise<Readable>;
}

/** One that nothing names: a snapshot of a run that goes on, one with sensitive files. A restart of the service removes it. */
export interface TemporaryBundle extends ReadableBundle {
  /** For who makes another bundle of it. */
  readonly zipPath: string;
  /** Removes it; who reads it reads on. May be repeated. */
  dispose(): Promise<void>;
}

/**
 * Finished bundles, each under the SHA-256 of its zip. What is stored is durable and never changes; building the same
 * revision again gives the same name, so a repeat after a crash is harmless. What makes one throws NoRoomError on a full
 * disk, and leaves nothing of it.
 */
export interface BundleStore {
  build(input: BundleInput, artifacts: ArtifactStore): Promise<StoredBundle>;
  buildTemporary(input: BundleInput, artifacts: ArtifactStore): Promise<TemporaryBundle>;
  /** The bundle of an alert, made of stored bundles of its runs. Throws {@link ArtifactError} `not-found` when one is gone. */
  buildForAlert(input: AlertBundleInput): Promise<StoredBundle>;
  /** The same, not stored: for an alert with a run that goes on. */
  buildTemporaryForAlert(input: AlertBundleInput): Promise<TemporaryBundle>;
  open(bundle: StoredBundle): ReadableBundle;
  /** The size in that format; for `tar.gz` null until it was asked for once. */
  stat(sha256: string, format: BundleFormat): Promise<{ bytes: number } | null>;
  /** Makes the tar.gz from the stored zip if there is none yet. Throws {@link ArtifactError} `not-found`. */
  prepareTarGz(sha256: string): Promise<{ bytes: number }>;
  /** Throws {@link ArtifactError} `not-found` before the first byte. `end` is exclusive. */
  read(sha256: string, format: BundleFormat, range?: ByteRange): Promise<Readable>;
  /** May be repeated. */
  remove(sha256: string): Promise<void>;
}

/** Opens the bundles below a folder: `bundles/<sha256>.zip`. The folder is that of the artifact store. */
export async function openBundleStore(
  folder: string,
  room: ArchiveRoom = ENDLESS_ROOM,
): Promise<BundleStore> {
  const share: RoomShare = { room, kind: "essential" };
  const bundles = join(folder, "bundles");
  const aside = join(folder, "aside");
  for (const each of [bundles, aside]) await makeFolder(each);
  const fileOf = (sha256: string, format: BundleFormat) =>
    join(bundles, `${checkedDigest(sha256)}.${format}`);
  const beingMade = new Map<string, Promise<{ bytes: number }>>();

  async function makeTarGz(sha256: string): Promise<{ bytes: number }> {
    const target = fileOf(sha256, "tar.gz");
    const made = await fileBytes(target);
    if (made !== null) return made;
    const zip = fileOf(sha256, "zip");
    if ((await fileBytes(zip)) === null) throw notFound(`${sha256}.zip`);
    const { bytes } = await takeIn(
      room,
      await fillAside(aside, tarGzOf(zipEntries(zip)), share),
      () => target,
    );
    return { bytes };
  }

  async function prepareTarGz(sha256: string): Promise<{ bytes: number }> {
    const running = beingMade.get(sha256) ?? makeTarGz(sha256).finally(() => beingMade.delete(sha256));
    beingMade.set(sha256, running);
    return running;
  }

  const read: BundleStore["read"] = (sha256, format, range) =>
    readFile(fileOf(sha256, format), `${sha256}.${format}`, range);
  const store = async (name: string, made: FilledAside) => ({
    name,
    ...(await takeIn(room, made, (sha256) => fileOf(sha256, "zip"))),
  });
  const make = (input: BundleInput, artifacts: ArtifactStore) =>
    isLarge(input)
      ? zipInWorker({ folder, aside, room }, input)
      : fillAside(aside, zipOf(input, artifacts), share);
  const partsOf = (input: AlertBundleInput) => alertBundleParts(input, (sha256) => fileOf(sha256, "zip"));

  return {
    build: async (input, artifacts) => store(bundleName(input), await make(input, artifacts)),
    buildTemporary: async (input, artifacts) =>
      keepAside({ aside, share }, bundleName(input), await make(input, artifacts)),
    async buildForAlert(input) {
      const parts = await partsOf(input);
      return store(parts.folder, await fillAside(aside, zipOfParts(parts), share));
    },
    async buildTemporaryForAlert(input) {
      const parts = await partsOf(input);
      const zip = await fillAside(aside, zipOfParts(parts), share);
      return keepAside({ aside, share }, parts.folder, zip);
    },
    open: (bundle) => ({
      ...bundle,
      tarGzBytes: async () => (await prepareTarGz(bundle.sha256)).bytes,
      read: (format, range) => read(bundle.sha256, format, range),
    }),
    stat: (sha256, format) => fileBytes(fileOf(sha256, format)),
    prepareTarGz,
    read,
    async remove(sha256) {
      for (const format of ["tar.gz", "zip"] as const) await rm(fileOf(sha256, format), { force: true });
    },
  };
}

/** A bundle of which nothing is left when it is disposed of, or the service ends. */
function keepAside(
  { aside, share }: { readonly aside: string; readonly share: RoomShare },
  name: string,
  zip: FilledAside,
): TemporaryBundle {
  const tarGz: { made: Promise<FilledAside> | null } = { made: null };
  const prepare = () => (tarGz.made ??= fillAside(aside, tarGzOf(zipEntries(zip.path)), share));
  let isDisposed = false;
  const remove = async ({ path, bytes }: FilledAside) => {
    await rm(path, { force: true });
    share.room.give(bytes);
  };
  return {
    name,
    sha256: zip.sha256,
    bytes: zip.bytes,
    zipPath: zip.path,
    tarGzBytes: async () => (await prepare()).bytes,
    async read(format, range) {
      const { path } = format === "zip" ? zip : await prepare();
      return readFile(path, `${name}.${format}`, range);
    },
    async dispose() {
      if (isDisposed) return;
      isDisposed = true;
      await remove(zip);
      const made = await tarGz.made?.catch(() => null);
      if (made !== null && made !== undefined) await remove(made);
    },
  };
}

/** Gives a file that was written aside the name that its digest leads to. Leaves it nowhere when that fails. */
async function takeIn(
  room: ArchiveRoom,
  { path, sha256, bytes }: FilledAside,
  nameOf: (sha256: string) => string,
): Promise<{ sha256: string; bytes: number }> {
  const target = nameOf(sha256);
  const remove = async () => {
    await rm(path, { force: true });
    room.give(bytes);
  };
  if ((await fileBytes(target)) !== null) {
    await remove();
    return { sha256, bytes };
  }
  try {
    await explained(room, () => moveDurably(path, target));
  } catch (error) {
    await remove();
    throw error;
  }
  room.keep(bytes);
  return { sha256, bytes };
}

async function readFile(path: string, name: string, range?: ByteRange): Promise<Readable> {
  if ((await fileBytes(path)) === null) throw notFound(name);
  if (range !== undefined && range.end <= range.start) return Readable.from([]);
  return createReadStream(path, range === undefined ? {} : { start: range.start, end: range.end - 1 });
}

async function fileBytes(path: string): Promise<{ bytes: number } | null> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  return found === null ? null : { bytes: found.size };
}

function checkedDigest(sha256: string): string {
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new ArtifactError("invalid-path", `"${sha256}" is no SHA-256`);
  return sha256;
}

function notFound(name: string): ArtifactError {
  return new ArtifactError("not-found", `there is no stored bundle ${name}`);
}
