import { type Entry, openPromise, type ZipFile } from "yauzl";
import type { ArchiveEntry } from "./bundle.ts";

/** The files in a zip, in order. Throws what is wrong with the zip; closes it when the iteration ends. */
export async function* zipEntries(path: string): AsyncGenerator<ArchiveEntry, void, void> {
  const zip = await openPromise(path, { autoClose: false, strictFileNames: true });
  try {
    for await (const entry of zip.eachEntry()) yield describe(zip, entry);
  } finally {
    zip.close();
  }
}

function describe(zip: ZipFile, entry: Entry): ArchiveEntry {
  return {
    name: entry.fileName,
    size: entry.uncompressedSize,
    date: entry.getLastModDate({ timezone: "UTC" }),
    open: () => zip.openReadStreamPromise(entry),
  };
}
