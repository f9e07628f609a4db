import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type {
  CollectEnd,
  CollectedFile,
  CollectOptions,
  CollectProblem,
  CollectRequest,
} from "../../src/executors/collect.ts";
import { openTransports, type TestTransport } from "./transports.ts";

/** What a collection gave, contents as Latin-1 text so that every byte is one character. */
export interface Gathered {
  readonly end: CollectEnd;
  readonly files: Readonly<Record<string, string>>;
  readonly truncated: readonly string[];
  readonly problems: readonly CollectProblem[];
  readonly codes: readonly CollectProblem["code"][];
}

export interface CollectArguments {
  readonly request?: Partial<CollectRequest>;
  readonly options?: Partial<CollectOptions>;
  /** Called before a file is read. */
  readonly before?: (path: string) => void;
}

/** Folders to gather from, and every way to do it. */
export interface Collecting {
  /** A new folder in a folder of its own. */
  makeFolder(name: string): string;
  setReadable(readable: readonly string[]): void;
  collect(transport: TestTransport, paths: readonly string[], more?: CollectArguments): Promise<Gathered>;
  close(): Promise<void>;
}

/** Not every transport is there on every machine: ask `absenceOf` before using one. */
export async function openCollecting(sshdConfig: readonly string[] = []): Promise<Collecting> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "nightshift-collect-")));
  let readable: readonly string[] = [];
  const { executors, hosts, close } = await openTransports(
    folder,
    {
      get readable() {
        return readable;
      },
    },
    sshdConfig,
  );
  const collect: Collecting["collect"] = async (transport, paths, more = {}) => {
    const host = hosts[transport];
    const files: Record<string, string> = {};
    const truncated: string[] = [];
    const problems: CollectProblem[] = [];
    const onFile = async (file: CollectedFile) => {
      more.before?.(file.path);
      files[file.path] = await readText(file);
      if (file.isTruncated) truncated.push(file.path);
    };
    const end = await executors.forHost(host).collect(
      host,
      {
        paths,
        changedSinceMs: null,
        filesMax: 1_000,
        fileBytesMax: 20 * 1024 * 1024,
        totalBytesMax: 100 * 1024 * 1024,
        onTooBig: "tail",
        ...more.request,
      },
      {
        timeoutMs: 15_000,
        signal: new AbortController().signal,
        onProblem: (problem) => problems.push(problem),
        onFile,
        ...more.options,
      },
    );
    return { end, files, truncated, problems, codes: problems.map(({ code }) => code) };
  };
  return {
    makeFolder: (name) => mkdtempSync(join(folder, `${name}-`)),
    setReadable: (globs) => {
      readable = globs;
    },
    collect,
    close: async () => {
      await close();
      rmSync(folder, { recursive: true });
    },
  };
}

async function readText(file: CollectedFile): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of file.content) chunks.push(chunk);
  return Buffer.concat(chunks).toString("latin1");
}
