import { z } from "zod";
import { bytesSchema, durationSchema, textSchema, wordSchema } from "../../platform/schemas.ts";
import { commandSchema } from "./command.ts";

const FILE_BYTES_DEFAULT = 50 * 1024 ** 2;
const HOST_BYTES_DEFAULT = 500 * 1024 ** 2;
const SIZE_BYTES_MAX = 10 * 1024 ** 3;
const FILES_DEFAULT = 1_000;
const FILES_MAX = 100_000;

/** What to gather from a host. Times in milliseconds, sizes in bytes. */
export interface CollectSpec {
  /** Globs of absolute paths, inside the host's `readable`. */
  readonly paths: readonly string[];
  readonly journal: { readonly unit: string; readonly sinceMs: number | null } | null;
  /** Argument lists whose output is kept. */
  readonly commands: readonly (readonly [string, ...string[]])[];
  /** Only files changed in this time; null for all. */
  readonly sinceMs: number | null;
  /** Of each file, of the journal, and of the output of each command. */
  readonly fileBytesMax: number;
  /** Of everything the step gathers on one host. */
  readonly hostBytesMax: number;
  readonly filesMax: number;
  readonly onTooBig: "tail" | "skip";
  /** What it gathers is only for who may see sensitive files, and left out of bundles unless asked for. */
  readonly isSensitive: boolean;
}

const globSchema = textSchema
  .refine(
    (glob) => glob.startsWith("/") || glob.startsWith("${{"),
    "a path is absolute, such as /var/log/*.log",
  )
  .refine((glob) => !glob.split("/").includes(".."), "a path has no .. in it");

export const collectSchema = z
  .strictObject({
    paths: z.array(globSchema).default([]),
    journal: z
      .strictObject({ unit: textSchema.min(1), since: durationSchema.optional() })
      .optional()
      .meta({ description: "Lines of one systemd unit" }),
    commands: z.array(commandSchema).max(50).default([]),
    since: durationSchema.optional().meta({ description: "Only files changed in this time, such as 2h" }),
    max_size: bytesSchema
      .refine((bytes) => bytes > 0 && bytes <= SIZE_BYTES_MAX, "max_size is between 1B and 10GiB")
      .optional()
      .meta({ description: "Of one file; default 50MiB" }),
    max_total: bytesSchema
      .refine((bytes) => bytes > 0 && bytes <= SIZE_BYTES_MAX, "max_total is between 1B and 10GiB")
      .optional()
      .meta({
        description: "Of all files of one host together; default 500MiB, or max_size where that is more",
      }),
    max_files: z.int().min(1).max(FILES_MAX).default(FILES_DEFAULT),
    on_too_big: wordSchema(["tail", "skip"]).default("tail"),
    sensitive: z
      .boolean()
      .default(false)
      .meta({ description: "Only for who may see such files; left out of bundles unless asked for" }),
  })
  .refine(
    (collect) => collect.paths.length + collect.commands.length > 0 || collect.journal !== undefined,
    "collect needs paths, a journal or commands",
  )
  .transform(
    (collect): CollectSpec => ({
      paths: collect.paths,
      journal:
        collect.journal === undefined
          ? null
          : { unit: collect.journal.unit, sinceMs: collect.journal.since ?? collect.since ?? null },
      commands: collect.commands,
      sinceMs: collect.since ?? null,
      ...sizesOf(collect.max_size, collect.max_total),
      filesMax: collect.max_files,
      onTooBig: collect.on_too_big,
      isSensitive: collect.sensitive,
    }),
  );

function sizesOf(
  file: number | undefined,
  host: number | undefined,
): Pick<CollectSpec, "fileBytesMax" | "hostBytesMax"> {
  const fileBytesMax = file ?? FILE_BYTES_DEFAULT;
  return { fileBytesMax, hostBytesMax: host ?? Math.max(fileBytesMax, HOST_BYTES_DEFAULT) };
}
