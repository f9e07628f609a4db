import { parseManifest, readList } from "../archive/manifest-reading.ts";
import { bundleEntries } from "../archive/open-bundle.ts";
import type { ManifestFile } from "../archive/manifest.ts";
import { type BundleFlags, withFiles } from "./bundle.ts";
import { formatTable } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";

/** Shows what is in a bundle, as its manifest tells it. Exit code 0. */
export function bundleListCommand(file: string, flags: BundleFlags, output: CommandOutput): Promise<number> {
  return withFiles([file], output, async () => {
    const { sizes, manifest } = await readListing(file);
    const items = [...sizes].map(([path, size]) => itemOf(path, size, manifest?.get(path)));
    if (flags.format === "json") output.stdout.write(`${JSON.stringify({ items }, null, 2)}\n`);
    else output.stdout.write(formatTable(HEADER, items.map(rowOf)));
    if (manifest === null) output.stderr.write("it has no manifest: sums and hosts are not known\n");
    return 0;
  });
}

async function readListing(
  file: string,
): Promise<{ sizes: Map<string, number>; manifest: Map<string, ManifestFile> | null }> {
  const sizes = new Map<string, number>();
  let manifest: Map<string, ManifestFile> | null = null;
  for await (const entry of bundleEntries(file)) {
    sizes.set(entry.path, entry.size);
    if (entry.path === "manifest.json") manifest = parseManifest(await readList(entry));
  }
  return { sizes, manifest };
}

interface Item {
  readonly path: string;
  readonly size: number;
  readonly sha256: string | null;
  readonly step: string | null;
  readonly host: string | null;
  readonly truncated: boolean;
  readonly changed: boolean;
  readonly redactions: number | null;
}

function itemOf(path: string, size: number, listed: ManifestFile | undefined): Item {
  return {
    path,
    size,
    sha256: listed?.sha256 ?? null,
    step: listed?.step ?? null,
    host: listed?.host ?? null,
    truncated: listed?.truncated ?? false,
    changed: listed?.changed ?? false,
    redactions: listed?.redactions ?? null,
  };
}

const HEADER = ["PATH", "SIZE", "SHA256", "STEP", "HOST", "FLAGS"];

function rowOf({ path, size, sha256, step, host, truncated, changed, redactions }: Item): string[] {
  const flags = [
    ...(truncated ? ["truncated"] : []),
    ...(changed ? ["changed"] : []),
    ...(redactions !== null && redactions > 0 ? [`redacted ${redactions}`] : []),
  ];
  return [path, String(size), sha256 ?? "", step ?? "", host ?? "", flags.join(", ")];
}
