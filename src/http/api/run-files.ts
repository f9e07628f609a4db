import type { Request, Response } from "express";
import { z } from "zod";
import type { ArtifactStore } from "../../archive/artifact-store.ts";
import type { BundleFormat, ReadableBundle } from "../../archive/bundle-store.ts";
import { whyRemoved } from "../../engine/alert-bundle.ts";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { sensitiveBundle, snapshotBundle } from "../../engine/snapshot.ts";
import type { Artifact, Run } from "../../runs/records.ts";
import { listArtifacts, readArtifact, readNewestBundle } from "../../store/evidence.ts";
import { readKeeping } from "../../store/run-keeping.ts";
import type { Store } from "../../store/store.ts";
import { sendBundle, sendDownload } from "../downloads.ts";
import { downloadAnswers, downloadHeaders, downloadProblems } from "../download-facts.ts";
import { HttpProblem, notFound } from "../problems.ts";
import { ApiRoutes, mayOfRun } from "../routes.ts";
import { maySeeSensitive } from "../sensitive.ts";
import { flagParameter, type Page, pageKeys } from "./query.ts";
import { findRun } from "./runs.ts";
import { artifactSchema, artifactShape } from "./shapes/artifact.ts";
import { listOf, problemSchema } from "./shapes/common.ts";

const listFacts = {
  id: "listArtifacts",
  summary: "The files of a run, by their path",
  query: z.strictObject(pageKeys(isArtifactPath)),
  answers: { 200: listOf(artifactSchema) },
  problems: { 410: problemSchema },
};
const fileFacts = {
  id: "getArtifact",
  summary: "One file of a run",
  headers: downloadHeaders,
  answers: downloadAnswers("The file.", ["*/*"]),
  problems: { 403: problemSchema, 410: problemSchema, ...downloadProblems },
};
const bundleFacts = {
  summary: "The newest bundle of a run; a snapshot while it is going on",
  query: z.strictObject({ sensitive: flagParameter("With the files that only some may see.") }),
  headers: downloadHeaders,
  problems: { 403: problemSchema, 410: problemSchema, ...downloadProblems },
};

/** A run's files, and its bundle. */
export function runFileRoutes(dependencies: EngineDependencies): ApiRoutes {
  const routes = new ApiRoutes("Runs");
  routes.get("/runs/:id/artifacts", mayOfRun("read_evidence"), listFacts, (request, response, { query }) =>
    sendArtifacts(dependencies, query, request, response),
  );
  routes.get("/runs/:id/artifacts/*path", mayOfRun("read_evidence"), fileFacts, (request, response) =>
    sendArtifact(dependencies, request, response),
  );
  for (const { format, id, type } of BUNDLES) {
    const facts = { ...bundleFacts, id: `getRun${id}`, answers: downloadAnswers("The bundle.", [type]) };
    const path = `/runs/:id/bundle.${format}`;
    routes.get(path, mayOfRun("read_evidence"), facts, (request, response, { query }) =>
      sendRunBundle(dependencies, { format, hasSensitive: query.sensitive }, request, response),
    );
  }
  return routes;
}

/** The forms that a bundle has, with the ends of their operations' ids. */
export const BUNDLES = [
  { format: "zip", id: "BundleZip", type: "application/zip" },
  { format: "tar.gz", id: "BundleTarGz", type: "application/gzip" },
] as const;

/** Whether it could be the path of a file; asked before it reaches the database. */
function isArtifactPath(text: string): boolean {
  return text !== "" && !text.includes("\0");
}

async function sendArtifacts(
  { store, externalUrl }: EngineDependencies,
  { limit, after }: Page,
  request: Request,
  response: Response,
): Promise<void> {
  const run = await findRun(store, request);
  await refuseRemoved(store, run);
  const artifacts = await listArtifacts(store.reader, run.id, limit + 1, after);
  const shown = artifacts.slice(0, limit);
  response.json({
    items: shown.map((artifact) => artifactShape(externalUrl, artifact)),
    next: artifacts.length > limit ? (shown.at(-1)?.path ?? null) : null,
  });
}

async function sendArtifact(
  { store, artifacts }: EngineDependencies,
  request: Request,
  response: Response,
): Promise<void> {
  const run = await findRun(store, request);
  await refuseRemoved(store, run);
  const parts: unknown = request.params["path"];
  const path = Array.isArray(parts) ? parts.join("/") : String(parts);
  const artifact = path.includes("\0") ? null : await readArtifact(store.reader, run.id, path);
  if (artifact === null) throw notFound(`the run has no file of this name; GET ../artifacts lists them`);
  if (artifact.isSensitive && !maySeeSensitive(request)) throw notAllowed();
  await sendStoredFile(artifacts, artifact, request, response);
}

async function sendStoredFile(
  artifacts: ArtifactStore,
  artifact: Artifact,
  request: Request,
  response: Response,
): Promise<void> {
  await sendDownload(request, response, {
    fileName: artifact.path.split("/").at(-1) ?? "file",
    contentType: artifact.contentType,
    bytes: artifact.bytes,
    tag: artifact.sha256,
    sha256: artifact.sha256,
    isAttachment: !/^(text\/plain|application\/json)/.test(artifact.contentType),
    open: (range) => artifacts.read(artifact.runId, artifact.path, range),
  });
}

/** The newest sealed revision; of a run that is going on, a snapshot that says so and is kept only while it is sent. */
async function sendRunBundle(
  dependencies: EngineDependencies,
  { format, hasSensitive }: { readonly format: BundleFormat; readonly hasSensitive: boolean },
  request: Request,
  response: Response,
): Promise<void> {
  const { store, bundles } = dependencies;
  if (hasSensitive && !maySeeSensitive(request)) throw notAllowed();
  const run = await findRun(store, request);
  await refuseRemoved(store, run);
  const sealed = await readNewestBundle(store.reader, run.id);
  if (sealed !== null && !hasSensitive) {
    const { fileName: name, sha256, bytes } = sealed;
    return sendBundle(request, response, bundles.open({ name, sha256, bytes }), format);
  }
  const made =
    sealed === null
      ? await snapshotBundle(dependencies, run, hasSensitive)
      : await sensitiveBundle(dependencies, run, sealed);
  await sendAndDispose(request, response, made, format, () => made.dispose());
}

/** Sends a bundle of which nothing is to be left. */
export async function sendAndDispose(
  request: Request,
  response: Response,
  bundle: ReadableBundle,
  format: BundleFormat,
  dispose: () => Promise<void>,
): Promise<void> {
  try {
    await sendBundle(request, response, bundle, format);
  } finally {
    await dispose();
  }
}

function notAllowed(): HttpProblem {
  return new HttpProblem(403, "Not allowed", "this needs the right to see sensitive files");
}

/** 410 with the reason when the run's evidence is not kept any more. */
async function refuseRemoved(store: Store, run: Run): Promise<void> {
  const keeping = (await readKeeping(store.reader, [run.id])).get(run.id);
  if (keeping === undefined || keeping.evidenceRemovedAtMs === null) return;
  throw new HttpProblem(410, "No longer kept", `the run is still known, but ${whyRemoved(keeping)}`);
}
