import { z } from "zod";
import { formatBytes } from "../platform/bytes.ts";
import type { ServerFlags } from "./client/flags.ts";
import { readAnswer, withServer, writeAnswer } from "./client/run-command.ts";
import { formatTable, printable } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";

const reportSchema = z.object({
  dry_run: z.boolean(),
  removed: z.array(z.object({ kind: z.string(), count: z.number(), bytes: z.number() })),
  archive: z.object({ bytes: z.number(), max_bytes: z.number() }),
  missing: z.object({ files: z.array(z.string()), more: z.number() }),
  unknown: z.object({ count: z.number(), bytes: z.number() }),
});

export interface GcFlags extends ServerFlags {
  readonly isDryRun: boolean;
  /** Removes also files that the server's database does not know. */
  readonly removesUnknown: boolean;
}

/** Asks the server to remove now what is too old, or to say what that would be. Exit code 1 when files are missing. */
export function adminGcCommand(flags: GcFlags, output: CommandOutput): Promise<number> {
  return withServer(flags, output, async (client) => {
    const body = { dry_run: flags.isDryRun, unknown: flags.removesUnknown };
    const answer = await client.send("POST", "/api/v1/admin/gc", body);
    const report = readAnswer(reportSchema, answer);
    writeAnswer(flags, output, answer, () => reportText(report));
    const missing = report.missing.files.length + report.missing.more;
    if (missing > 0) output.stderr.write(`${missing} files of runs are missing in the archive\n`);
    return missing > 0 ? 1 : 0;
  });
}

function reportText({
  dry_run: isDryRun,
  removed,
  archive,
  missing,
  unknown,
}: z.output<typeof reportSchema>): string {
  const rows = removed.map(({ kind, count, bytes }) => [
    kind.replaceAll("_", " "),
    String(count),
    bytes === 0 ? "" : formatBytes(bytes),
  ]);
  const head = isDryRun ? "would be removed:\n" : "removed:\n";
  const table = rows.length === 0 ? `${head}nothing\n` : head + formatTable(["WHAT", "COUNT", "SIZE"], rows);
  const lines = [
    `the archive had ${formatBytes(archive.bytes)} of ${formatBytes(archive.max_bytes)}\n`,
    ...missing.files.map((path) => `missing: ${printable(path)}\n`),
    ...(unknown.count === 0
      ? []
      : [
          `${unknown.count} folders and bundles (${formatBytes(unknown.bytes)}) are of no run that the database knows; --unknown removes them, too\n`,
        ]),
  ];
  return table + lines.join("");
}
