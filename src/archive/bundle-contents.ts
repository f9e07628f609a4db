import type { Artifact } from "../runs/records.ts";
import type { ArtifactReader } from "./artifact-store.ts";
import { placesInBundle, shownLogPath } from "./bundle-facts.ts";
import { type BundleFile, json, text } from "./bundle-file.ts";
import type { BundleInput } from "./bundle-input.ts";
import { alertJson, auditLines, decisionJson, runJson, stepMetaJson } from "./bundle-json.ts";
import { stepFolder } from "./bundle-names.ts";
import { readmeMarkdown } from "./bundle-readme.ts";
import { errorsText, summaryMarkdown } from "./bundle-summary.ts";
import { type LeftOutFile, type ManifestFile, manifestJson, sha256Sums } from "./manifest.ts";

/** A file of a bundle, or a stored one that becomes a file of it when its turn comes: there may be tens of thousands. */
type Listed = BundleFile | StoredFile;

interface StoredFile {
  /** Within the bundle's folder. */
  readonly path: string;
  readonly artifact: Artifact;
}

/**
 * Every file of the bundle in its fixed order. A stored file that is no longer there is left out and named in the manifest
 * and in errors.txt: a bundle with a gap is worth more than none.
 */
export async function bundleContents(
  input: BundleInput,
  store: ArtifactReader,
): Promise<{ readonly count: number; files(): Iterable<BundleFile> }> {
  const { stored, missing, leftOut } = await lookForFiles(input, store);
  const gaps = missing.map((path) => ({ stepId: null, path, message: "is no longer in the archive" }));
  const known = { ...input, problems: [...input.problems, ...gaps] };
  const readme = text("README.md", "text/markdown", readmeMarkdown(known, leftOut.length));
  const first = [...aboutTheRun(known), ...stepFiles(known, stored.steps)];
  const errors = text("errors.txt", "text/plain", errorsText(known));
  const listed = function* (): Generator<Listed, void, void> {
    yield* first;
    yield* stored.files();
    yield* stored.saved;
    yield errors;
  };
  let count = 0;
  const facts = function* () {
    yield readme.facts;
    count = 1;
    for (const each of listed()) {
      count += 1;
      yield factsOf(each);
    }
  };
  const about = { files: facts, missing, leftOut };
  const manifest = text("manifest.json", "application/json", () => manifestJson(known, about));
  const sums = text("SHA256SUMS", "text/plain", () => sha256Sums(manifest.facts, facts()));
  return {
    count: count + 2,
    *files() {
      yield readme;
      yield manifest;
      for (const each of listed())
        yield "facts" in each
          ? each
          : { facts: factsOf(each), open: () => store.read(each.artifact.runId, each.artifact.path) };
      yield sums;
    },
  };
}

function aboutTheRun(input: BundleInput): BundleFile[] {
  return [
    text("summary.md", "text/markdown", summaryMarkdown(input)),
    json("run.json", runJson(input)),
    json("inputs.json", input.run.plan.inputs),
    json("alert.json", alertJson(input)),
    json("decision.json", decisionJson(input.decision)),
    text("runbook.yml", "application/yaml", input.runbookText),
    text("audit.jsonl", "application/jsonl", auditLines(input)),
  ];
}

/** Each step's folder: `meta.json`, its logs (also when a process printed nothing), then earlier tries. */
function stepFiles(input: BundleInput, stored: readonly StoredFile[]): Listed[] {
  const inFolder = Map.groupBy(stored, ({ path }) => path.split("/", 2).join("/"));
  const files: Listed[] = [];
  for (const step of input.steps) {
    const folder = stepFolder(step);
    files.push(json(`${folder}/meta.json`, stepMetaJson(input, step), step.id));
    const ofStep = inFolder.get(folder) ?? [];
    inFolder.delete(folder);
    const isProcess = step.verb === "run" || step.verb === "command";
    const logs = step.attempts > 0 && isProcess ? (["stdout", "stderr"] as const) : [];
    const silent = logs
      .map((name) => shownLogPath(step, name))
      .filter((path) => !ofStep.some((stored) => stored.path === path))
      .map((path) => text(path, "text/plain", "", step.id));
    files.push(...[...ofStep, ...silent].sort(byDepthThenPath));
  }
  return [...files, ...[...inFolder.values()].flat()];
}

function byDepthThenPath(left: Listed, right: Listed): number {
  const [leftPath, rightPath] = [pathOf(left), pathOf(right)];
  return leftPath.split("/").length - rightPath.split("/").length || (leftPath < rightPath ? -1 : 1);
}

function pathOf(listed: Listed): string {
  return "facts" in listed ? listed.facts.path : listed.path;
}

/** Files looked for at once. */
const LOOKED_FOR_MAX = 32;

/** The run's files that are in the bundle, by the folder they are in there. */
interface StoredFiles {
  readonly steps: readonly StoredFile[];
  /** By far the most, and so read anew from the input each time. */
  readonly files: () => Iterable<StoredFile>;
  /** Results of queries and answers to requests. */
  readonly saved: readonly StoredFile[];
}

/** Finds out which files are there, which are gone, and which only some may see. */
async function lookForFiles(
  input: BundleInput,
  store: ArtifactReader,
): Promise<{ stored: StoredFiles; missing: string[]; leftOut: LeftOutFile[] }> {
  const placeOf = placesInBundle(input);
  const missing: string[] = [];
  const leftOut: LeftOutFile[] = [];
  const steps: StoredFile[] = [];
  const saved: StoredFile[] = [];
  /** One for each file of the run, in their order. */
  const isInFiles: boolean[] = [];
  const look = async (artifact: Artifact): Promise<StoredFile | null> => {
    const path = placeOf(artifact.path);
    const { bytes: size, stepId: step, host } = artifact;
    if (artifact.isSensitive && !input.hasSensitive) {
      leftOut.push({ path, size, step, host, because: "sensitive" });
      return null;
    }
    if ((await store.stat(artifact.runId, artifact.path))?.bytes === size) return { path, artifact };
    missing.push(path);
    return null;
  };
  for (const batch of inBatches(input.artifacts))
    for (const found of await Promise.all(batch.map(look))) {
      isInFiles.push(found?.path.startsWith("files/") === true);
      if (found?.path.startsWith("steps/") === true) steps.push(found);
      if (found !== null && /^(?:metrics|responses)\//.test(found.path)) saved.push(found);
    }
  const files = function* () {
    let index = 0;
    for (const artifact of input.artifacts) {
      if (isInFiles[index] === true) yield { path: placeOf(artifact.path), artifact };
      index += 1;
    }
  };
  const byPath = (left: { path: string }, right: { path: string }) => (left.path < right.path ? -1 : 1);
  return {
    stored: { steps, files, saved },
    missing: missing.sort(),
    leftOut: leftOut.sort(byPath),
  };
}

function* inBatches(artifacts: Iterable<Artifact>): Generator<Artifact[], void, void> {
  let batch: Artifact[] = [];
  for (const artifact of artifacts) {
    batch.push(artifact);
    if (batch.length < LOOKED_FOR_MAX) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}

function factsOf(listed: Listed): ManifestFile {
  if ("facts" in listed) return listed.facts;
  const { path, artifact } = listed;
  return {
    path,
    size: artifact.bytes,
    sha256: artifact.sha256,
    step: artifact.stepId,
    host: artifact.host,
    content_type: artifact.contentType,
    truncated: artifact.isTruncated,
    changed: artifact.isChanged,
    redactions: artifact.redactions,
  };
}
