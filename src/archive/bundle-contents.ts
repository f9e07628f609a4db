import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { Artifact } from "../runs/records.ts";
import type { ArtifactStore } from "./artifact-store.ts";
import { pathsInBundle, shownLogPath } from "./bundle-facts.ts";
import type { BundleInput } from "./bundle-input.ts";
import { alertJson, auditLines, decisionJson, runJson, stepMetaJson } from "./bundle-json.ts";
import { stepFolder } from "./bundle-names.ts";
import { readmeMarkdown } from "./bundle-readme.ts";
import { errorsText, summaryMarkdown } from "./bundle-summary.ts";
import { type ManifestFile, manifestJson, sha256Sums } from "./manifest.ts";

/** One file of a bundle. Small ones are at hand, others are opened when their turn comes. */
export interface BundleFile {
  /** With the path within the bundle's folder. */
  readonly facts: ManifestFile;
  readonly open: () => Buffer | Readable | Promise<Readable>;
}

/**
 * Every file of the bundle in its fixed order. A stored file that is no longer there is left out and named in the manifest
 * and in errors.txt: a bundle with a gap is worth more than none.
 */
export async function bundleContents(input: BundleInput, store: ArtifactStore): Promise<BundleFile[]> {
  const { stored, missing } = await storedFiles(input, store);
  const gaps = missing.map((path) => ({ stepId: null, path, message: "is no longer in the archive" }));
  const known = { ...input, problems: [...input.problems, ...gaps] };
  const listed = [
    text("README.md", "text/markdown", readmeMarkdown(known)),
    ...aboutTheRun(known),
    ...stepFiles(known, stored),
    ...below("files/", stored),
    ...below("metrics/", stored),
    text("errors.txt", "text/plain", errorsText(known)),
  ];
  const facts = listed.map((file) => file.facts);
  const manifest = text("manifest.json", "application/json", () => manifestJson(known, facts, missing));
  const summed = [manifest.facts, ...facts];
  const sums = text("SHA256SUMS", "text/plain", () => sha256Sums(summed));
  listed.splice(1, 0, manifest);
  listed.push(sums);
  return listed;
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
function stepFiles(input: BundleInput, stored: readonly BundleFile[]): BundleFile[] {
  const inFolder = Map.groupBy(below("steps/", stored), ({ facts }) => facts.path.split("/", 2).join("/"));
  const files: BundleFile[] = [];
  for (const step of input.steps) {
    const folder = stepFolder(step);
    files.push(json(`${folder}/meta.json`, stepMetaJson(input, step), step.id));
    const ofStep = inFolder.get(folder) ?? [];
    inFolder.delete(folder);
    const isProcess = step.verb === "run" || step.verb === "command";
    const logs = step.attempts > 0 && isProcess ? (["stdout", "stderr"] as const) : [];
    const silent = logs
      .map((name) => shownLogPath(step, name))
      .filter((path) => !ofStep.some(({ facts }) => facts.path === path))
      .map((path) => text(path, "text/plain", "", step.id));
    files.push(...[...ofStep, ...silent].sort(byDepthThenPath));
  }
  return [...files, ...[...inFolder.values()].flat()];
}

function byDepthThenPath(left: BundleFile, right: BundleFile): number {
  const depth = ({ facts }: BundleFile) => facts.path.split("/").length;
  return depth(left) - depth(right) || (left.facts.path < right.facts.path ? -1 : 1);
}

function below(folder: string, files: readonly BundleFile[]): BundleFile[] {
  return files.filter(({ facts }) => facts.path.startsWith(folder));
}

/** The run's stored files under their paths in the bundle, sorted; and those that are gone. */
async function storedFiles(
  input: BundleInput,
  store: ArtifactStore,
): Promise<{ stored: BundleFile[]; missing: string[] }> {
  const paths = pathsInBundle(input);
  const stored: BundleFile[] = [];
  const missing: string[] = [];
  for (const artifact of input.artifacts) {
    const path = paths.get(artifact.path) ?? artifact.path;
    const found = await store.stat(artifact.runId, artifact.path);
    if (found?.bytes !== artifact.bytes) missing.push(path);
    else
      stored.push({
        facts: storedFacts(path, artifact),
        open: () => store.read(artifact.runId, artifact.path),
      });
  }
  stored.sort((left, right) => (left.facts.path < right.facts.path ? -1 : 1));
  return { stored, missing: missing.sort() };
}

function storedFacts(path: string, artifact: Artifact): ManifestFile {
  return {
    path,
    size: artifact.bytes,
    sha256: artifact.sha256,
    step: artifact.stepId,
    host: artifact.host,
    content_type: artifact.contentType,
    truncated: artifact.isTruncated,
    changed: artifact.isChanged,
    redactions: null,
  };
}

function json(path: string, value: unknown, stepId: string | null = null): BundleFile {
  return text(path, "application/json", `${JSON.stringify(value, null, 2)}\n`, stepId);
}

/** A file made here. A generated one is made twice, for its digest and when it is read, and never held as a whole. */
function text(
  path: string,
  contentType: string,
  content: string | (() => Iterable<string>),
  stepId: string | null = null,
): BundleFile {
  const hash = createHash("sha256");
  let size = 0;
  const parts = typeof content === "string" ? [Buffer.from(content)] : inBlocks(content());
  let whole: Buffer | null = null;
  for (const part of parts) {
    hash.update(part);
    whole = size === 0 ? part : null;
    size += part.byteLength;
  }
  const facts = {
    path,
    size,
    sha256: hash.digest("hex"),
    step: stepId,
    host: null,
    content_type: contentType,
    truncated: false,
    changed: false,
    redactions: null,
  };
  const kept = whole;
  if (kept !== null || typeof content === "string") return { facts, open: () => kept ?? Buffer.alloc(0) };
  return { facts, open: () => Readable.from(inBlocks(content())) };
}

const BLOCK_CHARS = 64 * 1024;

/** The same parts always make the same blocks, and so the same compressed bytes. */
function* inBlocks(parts: Iterable<string>): Generator<Buffer, void, void> {
  let waiting = "";
  for (const part of parts) {
    waiting += part;
    if (waiting.length < BLOCK_CHARS) continue;
    yield Buffer.from(waiting);
    waiting = "";
  }
  if (waiting !== "") yield Buffer.from(waiting);
}
