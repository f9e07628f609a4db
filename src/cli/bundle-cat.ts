import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import { bundleEntries } from "../archive/open-bundle.ts";
import { withFiles } from "./bundle.ts";
import { printable } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";

/**
 * Writes one file of a bundle to `sink`, byte for byte. Exit code 1 when the bundle has no such file. The path may be given with
 * the bundle's folder before it.
 */
export function bundleCatCommand(
  file: string,
  path: string,
  sink: NodeJS.WritableStream,
  output: CommandOutput,
): Promise<number> {
  return withFiles([file], output, async () => {
    for await (const entry of bundleEntries(file)) {
      if (entry.path !== path && entry.name !== path) continue;
      const opened = await entry.open();
      await pipeline(opened instanceof Readable ? opened : Readable.from([opened]), sink, {
        end: false,
      }).catch(passOverClosed);
      return 0;
    }
    output.stderr.write(`nightshift: ${printable(path)} is not in it; nightshift bundle ls shows what is\n`);
    return 1;
  });
}

/** Whoever reads may stop reading, as `head` does. */
function passOverClosed(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE" && error.code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
}
