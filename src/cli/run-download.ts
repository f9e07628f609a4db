import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { Readable, Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { formatBytes } from "../platform/bytes.ts";
import { withServer } from "./client/run-command.ts";
import { type ServerClient, ServerError } from "./client/server-client.ts";
import { printable } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";

export interface RunDownloadFlags {
  readonly server: string | null;
  readonly folder: string;
  readonly format: "zip" | "tar.gz";
  /** Whether progress may be drawn over itself. */
  readonly isInteractive: boolean;
}

/**
 * Downloads the bundle of a run into the folder under its own name, and writes the path on stdout. The file is there only when it is
 * whole and its SHA-256 is the one that the server names.
 */
export function runDownloadCommand(
  id: string,
  flags: RunDownloadFlags,
  output: CommandOutput,
): Promise<number> {
  return withServer({ server: flags.server, format: "text" }, output, (client) =>
    download(client, id, flags, output),
  );
}

async function download(
  client: ServerClient,
  id: string,
  { folder, format, isInteractive }: RunDownloadFlags,
  output: CommandOutput,
): Promise<number> {
  const response = await client.open(`/api/v1/runs/${encodeURIComponent(id)}/bundle.${format}`);
  const path = join(folder, fileName(response, `${id}.${format}`));
  const part = `${path}.part`;
  await mkdir(folder, { recursive: true });
  const total = Number(response.headers.get("content-length") ?? Number.NaN);
  const hash = createHash("sha256");
  let bytes = 0;
  let shownPercent = -1;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      const percent = Math.floor((bytes / total) * 100);
      if (isInteractive && percent !== shownPercent)
        output.stderr.write(`\r${formatBytes(total)}: ${percent} %`);
      shownPercent = percent;
      done(null, chunk);
    },
  });
  try {
    if (response.body === null) throw new ServerError("the server sent no file");
    await pipeline(Readable.fromWeb(response.body), measure, createWriteStream(part, { mode: 0o600 }));
    if (isInteractive) output.stderr.write("\n");
    const digest = hash.digest();
    const problem =
      problemWith(response, total, bytes, digest) ?? (format === "tar.gz" ? await gzipProblem(part) : null);
    if (problem !== null) throw new ServerError(problem);
    await rename(part, path);
    output.stderr.write(`sha256 ${digest.toString("hex")}, ${bytes} bytes\n`);
    output.stdout.write(`${printable(path)}\n`);
    return 0;
  } catch (error) {
    if (existsSync(part)) await rm(part, { force: true });
    if (error instanceof ServerError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new ServerError(`the download broke off after ${bytes} bytes (${why}); try again`, {
      cause: error,
    });
  }
}

/** The server names no SHA-256 of a tar.gz, which it makes while it sends it; the format has a checksum of its own. */
async function gzipProblem(path: string): Promise<string | null> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  try {
    await pipeline(createReadStream(path), createGunzip(), nowhere);
    return null;
  } catch (error) {
    return `the file is damaged (${error instanceof Error ? error.message : String(error)}); try again`;
  }
}

/** The name that the server gives, as a name alone: never a path. */
function fileName(response: Response, otherwise: string): string {
  const given = /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "")?.[1];
  const name = basename(given ?? otherwise);
  return name === "." || name === ".." ? basename(otherwise) : name;
}

function problemWith(response: Response, total: number, bytes: number, digest: Buffer): string | null {
  if (!Number.isNaN(total) && bytes !== total)
    return `the download broke off after ${bytes} of ${total} bytes; try again`;
  const expected = /sha-256=:([^:]+):/.exec(response.headers.get("repr-digest") ?? "")?.[1];
  return expected === undefined || expected === digest.toString("base64")
    ? null
    : "the file is not the one that the server names by its SHA-256; try again";
}
