import { glob, readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { sha256 } from "../platform/digest.ts";
import type { FileProblem } from "../platform/problems.ts";
import { YamlFile } from "../platform/yaml.ts";
import { type CatalogFile, type CatalogSource, FILE_KINDS, type FileKind } from "./catalog.ts";

/** More files than any real configuration has; stops a pattern such as a double star over a whole disk. */
const FILES_MAX = 5_000;
const FILE_BYTES_MAX = 4 * 1024 * 1024;
/** Files read at once: far below the usual limit of 1,024 open files. */
const READS_AT_ONCE = 32;

/** A file as read; `yaml` is undefined when it could not be read or parsed. */
export interface SourceFile extends CatalogFile {
  readonly yaml: YamlFile | undefined;
}

/** Reads all files of a kind, sorted by name. What cannot be read is a problem and never skipped in silence. */
export async function readFiles(
  source: CatalogSource,
  kind: FileKind,
  problems: FileProblem[],
): Promise<SourceFile[]> {
  const names = await findFiles(source, kind, problems);
  const files: SourceFile[] = [];
  for (let start = 0; start < names.length; start += READS_AT_ONCE) {
    const batch = names.slice(start, start + READS_AT_ONCE);
    const read = await Promise.all(batch.map(async (name) => readOne(kind, name)));
    for (const one of read) {
      problems.push(...one.problems);
      files.push(one.file);
    }
  }
  return files;
}

/** The files of rule tests, `*.test.yml`, in the folders of the rule files. Sorted by name. */
export async function findTestFiles(source: CatalogSource): Promise<string[]> {
  const folders = new Set<string>();
  for (const pattern of source.rules)
    for await (const name of glob(pattern, { cwd: source.folder }))
      folders.add(dirname(pathOf(source, name)));
  const found = await Promise.all(
    [...folders].map(async (folder) =>
      (await readdir(folder)).filter(isTestFile).map((name) => join(folder, name)),
    ),
  );
  return found.flat().sort();
}

/** The digest of everything that was read; names count relative to the settings' folder, so that nodes agree. */
export function filesFingerprint(source: CatalogSource, files: readonly CatalogFile[]): unknown {
  return files.map(({ kind, file, sha256: digest }) => [kind, relative(source.folder, file), digest]);
}

/** Folders whose changes may change the catalog: those of the patterns, and those of the files. */
export function watchedFolders(source: CatalogSource, files: readonly CatalogFile[]): string[] {
  const folders = FILE_KINDS.flatMap((kind) =>
    patternsOf(source, kind).map((pattern) => fixedFolder(source, pattern)),
  );
  const used = files.map(({ file }) => resolve(file, ".."));
  return [...new Set([...folders, ...used])];
}

/** The part of a pattern before its first wildcard. */
function fixedFolder(source: CatalogSource, pattern: string): string {
  const parts = pattern.split("/");
  const wild = parts.findIndex((part) => /[*?[\]{}!()]/.test(part));
  return resolve(source.folder, parts.slice(0, wild === -1 ? parts.length - 1 : wild).join("/") || ".");
}

async function findFiles(source: CatalogSource, kind: FileKind, problems: FileProblem[]): Promise<string[]> {
  const names = new Set<string>();
  for (const pattern of patternsOf(source, kind)) {
    let count = 0;
    for await (const name of glob(pattern, { cwd: source.folder })) {
      if (basename(name).startsWith(".") || isTestFile(name)) continue;
      count += 1;
      names.add(pathOf(source, name));
      if (names.size <= FILES_MAX) continue;
      problems.push(
        unreadable(pattern, "too-many-files", `the pattern matches more than ${FILES_MAX} files`),
      );
      return [];
    }
    // Nothing found means a missing mount or a typing error more often than an empty configuration.
    if (count === 0 && source[kind] !== undefined)
      problems.push(unreadable(join(source.folder, pattern), "no-files", `no file matches ${pattern}`));
  }
  return [...names].sort();
}

/** A file of schedules need not be there unless somebody names it. */
function patternsOf(source: CatalogSource, kind: FileKind): readonly string[] {
  return source[kind] ?? ["schedules.yml"];
}

function isTestFile(name: string): boolean {
  return name.endsWith(".test.yml");
}

function pathOf(source: CatalogSource, name: string): string {
  return resolve(source.folder, name) === name ? name : join(source.folder, name);
}

interface ReadFile {
  readonly file: SourceFile;
  readonly problems: readonly FileProblem[];
}

async function readOne(kind: FileKind, name: string): Promise<ReadFile> {
  const problems: FileProblem[] = [];
  const { text, sha256: digest } = await readText(name, problems);
  const yaml = text === undefined ? undefined : YamlFile.parse(name, text, problems);
  return { file: { kind, file: name, sha256: digest, yaml }, problems };
}

/** A file of the configuration; `text` is undefined, with the reason pushed, when it cannot be used. */
export async function readText(
  name: string,
  problems: FileProblem[],
): Promise<{ readonly text: string | undefined; readonly sha256: string }> {
  const bytes = await readBytes(name, problems);
  const text = bytes === undefined ? undefined : decode(name, bytes, problems);
  return { text, sha256: sha256(bytes ?? "") };
}

async function readBytes(name: string, problems: FileProblem[]): Promise<Uint8Array | undefined> {
  try {
    const facts = await stat(name);
    if (!facts.isFile()) {
      problems.push(unreadable(name, "unreadable-file", "this is no regular file"));
      return undefined;
    }
    if (facts.size > FILE_BYTES_MAX) {
      problems.push(unreadable(name, "file-too-large", `the file is larger than ${FILE_BYTES_MAX} bytes`));
      return undefined;
    }
    return await readFile(name);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    problems.push(unreadable(name, "unreadable-file", `the file cannot be read: ${reason}`));
    return undefined;
  }
}

function decode(name: string, bytes: Uint8Array, problems: FileProblem[]): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    problems.push(unreadable(name, "not-utf8", "the file is not UTF-8"));
    return undefined;
  }
}

function unreadable(file: string, code: string, message: string): FileProblem {
  return { file, line: 1, column: 1, length: 1, severity: "error", code, message, sourceLine: "" };
}
