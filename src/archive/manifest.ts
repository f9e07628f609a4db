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

/** `manifest.json` in parts: one line a file, so that it can be read with `grep` as well. */
export function* manifestJson(
  input: BundleInput,
  files: readonly ManifestFile[],
  missing: readonly string[],
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
    collector_errors: input.problems.map(({ stepId, path, message }) => ({ step: stepId, path, message })),
  };
  const opening = JSON.stringify(head, null, 2).slice(0, -"\n}".length);
  yield `${opening},\n  "files": [\n`;
  for (const [index, file] of files.entries())
    yield `    ${JSON.stringify(file)}${index < files.length - 1 ? "," : ""}\n`;
  yield "  ]\n}\n";
}

/** `SHA256SUMS` as `sha256sum -c` reads it, in parts. */
export function* sha256Sums(
  files: readonly Pick<ManifestFile, "path" | "sha256">[],
): Generator<string, void, void> {
  for (const { path, sha256 } of files) yield `${sha256}  ${path}\n`;
}
