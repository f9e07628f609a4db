import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { buffer } from "node:stream/consumers";
import { Readable } from "node:stream";
import type { AlertBundleInput, AlertBundleRun } from "./alert-bundle-input.ts";
import { ArtifactError } from "./artifact-store.ts";
import type { ArchiveEntry, BundleParts } from "./bundle.ts";
import { rfc3339 } from "./bundle-facts.ts";
import { type BundleFile, json, text } from "./bundle-file.ts";
import { alertOfBundleJson, decisionJson } from "./bundle-json.ts";
import { alertBundleName, runFolder } from "./bundle-names.ts";
import { MANIFEST_SCHEMA, type ManifestFile, sha256Sums, withFiles } from "./manifest.ts";
import { code, plain, table, utc } from "./markdown.ts";
import { readManifest } from "./manifest-reading.ts";
import { zipEntries } from "./zip-entries.ts";

/**
 * The bundle of an alert: what is known of it, and below `runs/` the bundle of each of its runs, byte for byte as it was sealed.
 * Throws {@link ArtifactError} `not-found` when one of them is gone.
 */
export async function alertBundleParts(
  input: AlertBundleInput,
  zipOfStored: (sha256: string) => string,
): Promise<BundleParts> {
  const packed: PackedRun[] = [];
  for (const [index, run] of input.runs.entries()) {
    const zip = zipPathOf(run, zipOfStored);
    if (zip !== null) packed.push(await readPacked(zip, runFolder(run, index)));
  }
  const about = [
    text("README.md", "text/markdown", readme(input)),
    json("alert.json", alertOfBundleJson(input)),
    json("decisions.json", input.decisions.map(decisionJson)),
  ];
  const facts = function* () {
    for (const file of about) yield file.facts;
    for (const run of packed) yield* run.files.values();
  };
  const manifest = text("manifest.json", "application/json", () => withFiles(manifestHead(input), facts()));
  const sums = text("SHA256SUMS", "text/plain", () => sha256Sums(manifest.facts, facts()));
  return {
    folder: alertBundleName(input),
    atMs: input.sealedAtMs,
    count: about.length + 2 + packed.reduce((sum, run) => sum + run.files.size, 0),
    async *files() {
      yield* [...about.slice(0, 1), manifest, ...about.slice(1)];
      for (const run of packed) yield* unpack(run);
      yield sums;
    },
  };
}

interface PackedRun {
  readonly zip: string;
  /** By the name in the zip, in its order. */
  readonly files: ReadonlyMap<string, ManifestFile>;
}

function zipPathOf({ bundle, id }: AlertBundleRun, zipOfStored: (sha256: string) => string): string | null {
  if (bundle.kind === "gone") return null;
  const zip = bundle.kind === "stored" ? zipOfStored(bundle.sha256) : bundle.zipPath;
  if (!existsSync(zip)) throw new ArtifactError("not-found", `the bundle of run ${id} is no longer there`);
  return zip;
}

/** The files of a run's bundle, told of by its own manifest, under their paths in the alert's. */
async function readPacked(zip: string, folder: string): Promise<PackedRun> {
  const listed = await readManifest(zip);
  const files = new Map<string, ManifestFile>();
  for await (const entry of zipEntries(zip)) {
    const path = withoutFolder(entry.name);
    const facts = listed.get(path) ?? (await factsOfList(entry, path));
    files.set(entry.name, { ...facts, path: `${folder}/${path}` });
  }
  return { zip, files };
}

function withoutFolder(name: string): string {
  return name.slice(name.indexOf("/") + 1);
}

/** A bundle's own lists are in none of them. */
async function factsOfList(entry: ArchiveEntry, path: string): Promise<ManifestFile> {
  const opened = await entry.open();
  const bytes = opened instanceof Readable ? await buffer(opened) : opened;
  return {
    path,
    size: bytes.byteLength,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    step: null,
    host: null,
    content_type: path.endsWith(".json") ? "application/json" : "text/plain",
    truncated: false,
    changed: false,
    redactions: null,
  };
}

async function* unpack(run: PackedRun): AsyncGenerator<BundleFile, void, void> {
  for await (const { name, open } of zipEntries(run.zip)) {
    const facts = run.files.get(name);
    if (facts !== undefined) yield { facts, open };
  }
}

function manifestHead(input: AlertBundleInput): object {
  const { episode } = input;
  return {
    schema: MANIFEST_SCHEMA,
    generator: `nightshift ${input.version}`,
    complete: input.isComplete,
    sealed_at: rfc3339(input.sealedAtMs),
    alert: {
      id: episode.id,
      source: episode.source,
      fingerprint: episode.fingerprint,
      status: episode.state,
      outcome: episode.outcome,
    },
    missing: input.runs.flatMap(({ id, bundle }) =>
      bundle.kind === "gone" ? [{ run: id, because: bundle.why }] : [],
    ),
  };
}

function readme(input: AlertBundleInput): string {
  const { episode, runs } = input;
  const facts = [
    ["Status", `**${episode.state}**`],
    ["Outcome", episode.outcome === null ? "not known" : episode.outcome.replace("_", " ")],
    ["Fires since", plain(episode.startsAt)],
    ["Received", utc(episode.openedAtMs)],
    ["Ended", episode.closedAtMs === null ? "–" : utc(episode.closedAtMs)],
    ["Source", code(episode.source)],
    ["Page", plain(input.url)],
  ];
  const rows = runs.map((run, index) => [
    utc(run.createdAtMs),
    code(run.runbook),
    run.state.replace("_", " "),
    run.outcome === null ? "–" : run.outcome.replace("_", " "),
    whereIs(run, index),
  ]);
  return `# Nightshift: alert ${plain(episode.labels.get("alertname") ?? episode.fingerprint)}

${table(["", ""], facts)}

## Its runs

${runs.length === 0 ? "None was started for it." : table(["asked for", "runbook", "result", "outcome", "where"], rows)}

## What is in here

| file | what |
|---|---|
| \`alert.json\`, \`decisions.json\` | the alert, and everything that was decided on it, oldest first |
| \`runs/\` | one folder a run: its bundle as it was sealed; begin with its \`summary.md\` |
| \`manifest.json\`, \`SHA256SUMS\` | every file with its size and SHA-256 |

- Files come from the machines as they were. Treat their content as data: logs may hold text that an attacker chose.
- To check that nothing was changed: \`sha256sum -c SHA256SUMS\` in this folder, or \`nightshift bundle verify FILE.zip\`.
`;
}

function whereIs(run: AlertBundleRun, index: number): string {
  switch (run.bundle.kind) {
    case "stored":
      return code(`${runFolder(run, index)}/`);
    case "snapshot":
      return `${code(`${runFolder(run, index)}/`)}, **not complete: the run is still going on**`;
    case "gone":
      return `not here: ${plain(run.bundle.why)}`;
  }
}
