import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** A bundle as a person has it: downloaded, unpacked by the tools of the system, its sums checked. */
export interface UnpackedBundle {
  /** Every file, relative to the bundle's own folder, sorted. */
  readonly paths: readonly string[];
  /** What `sha256sum -c` said, a line for each file. */
  readonly checked: readonly string[];
  text(path: string): Promise<string>;
}

const run = promisify(execFile);

/** Throws when a tool refuses the archive, or a sum does not match. */
export async function downloadBundle(url: string, into: string): Promise<UnpackedBundle> {
  await mkdir(into);
  const response = await fetch(url);
  if (response.status !== 200)
    throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  const archive = `${into}.archive`;
  await writeFile(archive, Buffer.from(await response.arrayBuffer()));
  if (url.endsWith(".zip")) await run("unzip", ["-q", archive, "-d", into]);
  else await run("tar", ["-xzf", archive, "-C", into]);
  const [name = "", ...others] = await readdir(into);
  if (others.length > 0)
    throw new Error(`the archive holds more than one folder: ${[name, ...others].join(", ")}`);
  const folder = join(into, name);
  const { stdout } = await run("sha256sum", ["-c", "SHA256SUMS"], { cwd: folder });
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return {
    paths: entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
      .sort(),
    checked: stdout.trimEnd().split("\n"),
    text: (path) => readFile(join(folder, path), "utf8"),
  };
}
