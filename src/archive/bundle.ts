import { TarArchive, ZipArchive, type ZipEntryData } from "archiver";
import type { Stats } from "node:fs";
import { Readable } from "node:stream";
import type { ArtifactReader } from "./artifact-store.ts";
import { bundleContents } from "./bundle-contents.ts";
import type { BundleFile } from "./bundle-file.ts";
import type { BundleInput } from "./bundle-input.ts";
import { bundleName } from "./bundle-names.ts";
import { SEAL_COMMENT, sealed, sealedGzip } from "./seal.ts";
import { tuneZipEngine } from "./zip-engine.ts";

const ENTRY_MODE = 0o644;
const COMPRESSION_LEVEL = 6;
/** Below this, compressing costs more time than it saves bytes. */
const STORED_BYTES_MAX = 4_096;
/** Read as a whole: a stream through the archive costs three times as much as such a file itself. */
const BUFFERED_BYTES_MAX = 64 * 1024;
/** From here on the plain zip format has no number for them: 65,535 there means "look in the ZIP64 part". */
const ZIP64_ENTRIES = 65_535;

/** What goes into one bundle: the folder that everything is in, the time that all entries bear, and the files in their order. */
export interface BundleParts {
  readonly folder: string;
  readonly atMs: number;
  readonly count: number;
  /** May be asked for more than once. */
  files(): Iterable<BundleFile> | AsyncIterable<BundleFile>;
}

/** The zip of a run, as it is made: nothing is held in memory but the file at hand. Ending the iteration early ends the making. */
export async function* zipOf(
  input: BundleInput,
  store: ArtifactReader,
): AsyncGenerator<Uint8Array, void, void> {
  yield* zipOfParts({
    ...(await bundleContents(input, store)),
    folder: bundleName(input),
    atMs: input.run.finishedAtMs ?? input.run.createdAtMs,
  });
}

export async function* zipOfParts(parts: BundleParts): AsyncGenerator<Uint8Array, void, void> {
  const archive = new ZipArchive({
    comment: SEAL_COMMENT,
    highWaterMark: 256 * 1024,
    forceZip64: parts.count >= ZIP64_ENTRIES,
    zlib: { level: COMPRESSION_LEVEL, chunkSize: 16 * 1024 },
  });
  tuneZipEngine(archive);
  yield* sealed(packed(archive, entriesIn(parts)));
}

/** The same files as gzipped tar. */
export async function* tarGzOf(entries: AsyncIterable<ArchiveEntry>): AsyncGenerator<Uint8Array, void, void> {
  const archive = new TarArchive({ gzip: true, gzipOptions: { level: COMPRESSION_LEVEL } });
  yield* sealedGzip(packed(archive, entries));
}

/** A file as it stands in an archive, folder and all. */
export interface ArchiveEntry {
  readonly name: string;
  readonly size: number;
  readonly date: Date;
  readonly open: () => Buffer | Readable | Promise<Readable>;
}

async function* entriesIn(parts: BundleParts): AsyncGenerator<ArchiveEntry, void, void> {
  const date = new Date(parts.atMs);
  for await (const { facts, open } of parts.files())
    yield { name: `${parts.folder}/${facts.path}`, size: facts.size, date, open };
}

type Archive = ZipArchive | TarArchive;

/** Appends one entry at a time while the archive is read; archiver keeps all of them in memory when given them at once. */
async function* packed(
  archive: Archive,
  entries: AsyncIterable<ArchiveEntry>,
): AsyncGenerator<Uint8Array, void, void> {
  const filling = fill(archive, entries);
  filling.catch((error: unknown) =>
    archive.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  try {
    for await (const chunk of archive) yield chunk as Buffer;
    await filling;
  } finally {
    // Ends the filling too when the reader went away: its entry is told that the archive is closed.
    archive.destroy();
    await filling.catch(() => {});
  }
}

async function fill(archive: Archive, entries: AsyncIterable<ArchiveEntry>): Promise<void> {
  for await (const entry of entries) {
    const opened = await entry.open();
    const isSmall = opened instanceof Readable && entry.size <= BUFFERED_BYTES_MAX;
    const source = isSmall ? await wholeOf(opened) : opened;
    try {
      await append(archive, source, entry);
    } finally {
      if (source instanceof Readable) source.destroy();
    }
    await drained(archive);
  }
  // Its promise never settles when the reader goes away in the middle of the zip's directory.
  await Promise.race([archive.finalize(), eventOf(archive, "end")]);
}

/** All of a small stream. Node's own `buffer` goes by way of a Blob, which takes more memory than such a file. */
function wholeOf(stream: Readable): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    stream.on("data", (part: Buffer) => parts.push(part));
    stream.on("end", () =>
      resolve(parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts)),
    );
    stream.on("error", reject);
    stream.on("close", () => reject(new Error("a file was closed before its end")));
  });
}

/** Small entries do not wait for the reader by themselves. */
async function drained(archive: Archive): Promise<void> {
  if (archive.writableNeedDrain && !archive.destroyed) await eventOf(archive, "drain");
}

/** Resolves at the event, or when the archive is closed before it. */
function eventOf(archive: Archive, event: "drain" | "end"): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      archive.off(event, settle).off("close", settle);
      resolve();
    };
    archive.on(event, settle).on("close", settle);
  });
}

/** Resolves when the entry is in the archive. Rejects when its source fails or the archive is closed before. */
function append(archive: Archive, source: Buffer | Readable, entry: ArchiveEntry): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error: Error | null) => {
      archive.off("entry", onEntry).off("error", settle).off("close", onClose);
      if (source instanceof Readable) source.off("error", settle);
      if (error === null) resolve();
      else reject(error);
    };
    const onEntry = () => settle(null);
    const onClose = () => settle(new Error(`the archive was closed before ${entry.name} was in it`));
    archive.on("entry", onEntry).on("error", settle).on("close", onClose);
    if (source instanceof Readable) source.on("error", settle);
    if (archive.destroyed) return onClose();
    archive.append(source, describe(entry));
  });
}

/** What archiver wants to know of an entry. The tar format needs the size first, and takes it from `stats`. */
function describe(entry: ArchiveEntry): ZipEntryData {
  const stats = { size: entry.size } as Stats;
  const store = entry.size < STORED_BYTES_MAX;
  return { name: entry.name, date: entry.date, mode: ENTRY_MODE, stats, store };
}
