import { rfc3339 } from "./bundle-facts.ts";
import type { BundleInput } from "./bundle-input.ts";

/** The version of the manifest's shape. */
export const MANIFEST_SCHEMA = 1;

/** A file as the manifest and SHA256SUMS name it; the path is within the bundle's folder. */
export interface ManifestFile {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  readonly step: string | null;
  readonly host: string | null;
  readonly content_type: string;
  readonly truncated: boolean;
  readonly changed: boolean;
  /** How often something secret was replaced; null where nothing looked for secrets. */
  readonly redactions: number | null;
}

/** A file that the run gathered and this bundle does not have. */
export interface LeftOutFile extends Pick<ManifestFile, "path" | "size" | "step" | "host"> {
  readonly because: "sensitive";
}

/** `manifest.json` in parts: one line a file, so that it can be read with `grep` as well. */
export function* manifestJson(
  input: BundleInput,
  {
    files,
    missing,
    leftOut,
  }: {
    readonly files: () => Iterable<ManifestFile>;
    readonly missing: readonly string[];
    readonly leftOut: readonly LeftOutFile[];
  },
): Generator<string, void, void> {
  const { run } = input;
  const head = {
    schema: MANIFEST_SCHEMA,
    generator: `nightshift ${input.version}`,
    revision: input.revision,
    complete: input.isComplete,
    sealed_at: rfc3339(input.sealedAtMs),
    run: {
      id: run.id,
      runbook: run.runbook,
      runbook_digest: run.runbookDigest,
      plan_digest: run.planDigest,
      status: run.state,
      outcome: run.outcome,
      created_at: rfc3339(run.createdAtMs),
      started_at: rfc3339(run.startedAtMs),
      finished_at: rfc3339(run.finishedAtMs),
    },
    missing,
    left_out: leftOut,
    collector_errors: input.problems.map(({ stepId, path, message }) => ({ step: stepId, path, message })),
  };
  yield* withFiles(head, files());
}

/** A JSON object, with `files` at its end. */
export function* withFiles(head: object, files: Iterable<ManifestFile>): Generator<string, void, void> {
  yield `${JSON.stringify(head, null, 2).slice(0, -"\n}".length)},\n  "files": [`;
  let separator = "";
  for (const file of files) {
    yield `${separator}\n    ${JSON.stringify(file)}`;
    separator = ",";
  }
  yield "\n  ]\n}\n";
}

/** `SHA256SUMS` as `sha256sum -c` reads it, in parts. */
export function* sha256Sums(first: SummedFile, others: Iterable<SummedFile>): Generator<string, void, void> {
  yield `${first.sha256}  ${first.path}\n`;
  for (const { path, sha256 } of others) yield `${sha256}  ${path}\n`;
}

type SummedFile = Pick<ManifestFile, "path" | "sha256">;
