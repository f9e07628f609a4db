import { createReadStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { type ArtifactStore, ArtifactError, type ByteRange } from "./artifact-store.ts";
import { tarGzOf, zipOf } from "./bundle.ts";
import type { BundleInput } from "./bundle-input.ts";
import { bundleName } from "./bundle-names.ts";
import { FileAside, makeFolder } from "./file-aside.ts";
import { zipEntries } from "./zip-entries.ts";

export type BundleFormat = "zip" | "tar.gz";

/** A bundle as stored. `sha256` is that of the zip and names the bundle, whatever the format it is read in. */
export interface StoredBundle {
  /** For the person who downloads it, without an ending. */
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
}

/**
 * Finished bundles, each under the SHA-256 of its zip. What is stored is durable and never changes; building the same
 * revision again gives the same name, so a repeat after a crash is harmless.
 */
export interface BundleStore {
  build(input: BundleInput, artifacts: ArtifactStore): Promise<StoredBundle>;
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
export async function openBundleStore(folder: string): Promise<BundleStore> {
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
    if ((await fileBytes(zip)) === null) throw notFound(sha256, "zip");
    const { bytes } = await writeAside(aside, tarGzOf(zipEntries(zip)), () => target);
    return { bytes };
  }

  return {
    async build(input, artifacts) {
      const written = await writeAside(aside, zipOf(input, artifacts), (sha256) => fileOf(sha256, "zip"));
      return { name: bundleName(input), ...written };
    },
    stat: (sha256, format) => fileBytes(fileOf(sha256, format)),
    async prepareTarGz(sha256) {
      const running = beingMade.get(sha256) ?? makeTarGz(sha256).finally(() => beingMade.delete(sha256));
      beingMade.set(sha256, running);
      return running;
    },
    async read(sha256, format, range) {
      const file = fileOf(sha256, format);
      if ((await fileBytes(file)) === null) throw notFound(sha256, format);
      if (range !== undefined && range.end <= range.start) return Readable.from([]);
      return createReadStream(file, range === undefined ? {} : { start: range.start, end: range.end - 1 });
    },
    async remove(sha256) {
      for (const format of ["tar.gz", "zip"] as const) await rm(fileOf(sha256, format), { force: true });
    },
  };
}

/** Writes the chunks aside, then gives the file the name that its digest leads to. */
async function writeAside(
  aside: string,
  chunks: AsyncIterable<Uint8Array>,
  nameOf: (sha256: string) => string,
): Promise<{ sha256: string; bytes: number }> {
  const file = await FileAside.create(aside);
  try {
    for await (const chunk of chunks) await file.write(chunk);
    const facts = await file.seal();
    const target = nameOf(facts.sha256);
    if ((await fileBytes(target)) === null) await file.moveTo(target);
    else await file.discard();
    return facts;
  } catch (error) {
    await file.discard();
    throw error;
  }
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

function notFound(sha256: string, format: BundleFormat): ArtifactError {
  return new ArtifactError("not-found", `there is no stored bundle ${sha256}.${format}`);
}
