import type { Request, Response } from "express";
import type { ArtifactStore } from "../../archive/artifact-store.ts";
import type { BundleFormat, ReadableBundle } from "../../archive/bundle-store.ts";
import { whyRemoved } from "../../engine/alert-bundle.ts";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { sensitiveBundle, snapshotBundle } from "../../engine/snapshot.ts";
import type { Artifact, Run } from "../../runs/records.ts";
import { readArtifact, readArtifacts, readNewestBundle } from "../../store/evidence.ts";
import { readKeeping } from "../../store/run-keeping.ts";
import type { Store } from "../../store/store.ts";
import { sendBundle, sendDownload } from "../downloads.ts";
import { HttpProblem, notFound } from "../problems.ts";
import { maySeeSensitive } from "../sensitive.ts";
import { findRun } from "./runs.ts";
import { artifactShape } from "./shapes.ts";
import { mayOfRun, Routes } from "../routes.ts";

/** A run's files, and its bundle. */
export function runFileRoutes(dependencies: EngineDependencies): Routes {
  const routes = new Routes();
  routes.get("/runs/:id/artifacts", mayOfRun("read_evidence"), (request, response) =>
    sendArtifacts(dependencies, request, response),
  );
  routes.get("/runs/:id/artifacts/*path", mayOfRun("read_evidence"), (request, response) =>
    sendArtifact(dependencies, request, response),
  );
  for (const format of ["zip", "tar.gz"] as const)
    routes.get(`/runs/:id/bundle.${format}`, mayOfRun("read_evidence"), (request, response) =>
      sendRunBundle(dependencies, format, request, response),
    );
  return routes;
}

async function sendArtifacts(
  { store, externalUrl }: EngineDependencies,
  request: Request,
  response: Response,
): Promise<void> {
  const run = await findRun(store, request);
  await refuseRemoved(store, run);
  const artifacts = await readArtifacts(store.reader, run.id);
  response.json({ items: artifacts.map((artifact) => artifactShape(externalUrl, artifact)), next: null });
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
  format: BundleFormat,
  request: Request,
  response: Response,
): Promise<void> {
  const { store, bundles } = dependencies;
  const hasSensitive = wantsSensitive(request);
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

function wantsSensitive(request: Request): boolean {
  const { sensitive = "false" } = request.query;
  if (sensitive !== "true" && sensitive !== "false")
    throw new HttpProblem(400, "Bad request", "sensitive is true or false");
  if (sensitive === "false") return false;
  if (!maySeeSensitive(request)) throw notAllowed();
  return true;
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
