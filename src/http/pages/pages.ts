import type { Request, Response } from "express";
import { authorize } from "../../access/authorize.ts";
import { whyRemoved } from "../../engine/alert-bundle.ts";
import type { Artifact, BundleRecord, Decision, Run, RunKeeping, StepRecord } from "../../runs/records.ts";
import { isFinal } from "../../runs/states.ts";
import type { JudgedEpisode } from "../../store/episode-row.ts";
import { readPendingApprovals } from "../../store/approvals.ts";
import { readRunAudit } from "../../store/audit.ts";
import { listEpisodes, readNewestEpisode } from "../../store/episodes.ts";
import { readArtifacts, readNewestBundle, readRunProblems } from "../../store/evidence.ts";
import { readKeeping } from "../../store/run-keeping.ts";
import { listRuns, readRun } from "../../store/runs.ts";
import { readSteps } from "../../store/steps.ts";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { requireIdentity } from "../identity.ts";
import { visibleRuns } from "../visibility.ts";
import { readEpisodeDetails } from "../api/alert-details.ts";
import { visibleApproval } from "../api/approvals.ts";
import { findRun } from "../api/runs.ts";
import { type EpisodeDetails, episodeDetailsShape } from "../api/shapes/alert.ts";
import { rfc3339 } from "../times.ts";
import { auditTable } from "./audit-table.ts";
import { approvalContent, questionsContent } from "./approval-page.ts";
import { type Html, html } from "./html.ts";
import { sendPage } from "./layout.ts";
import { diskWarning, storageContent } from "./storage.ts";
import { KNOWN, may, mayOfRun, Routes } from "../routes.ts";

const SHOWN_MAX = 30;
const FINGERPRINT = /^[0-9a-f]{1,64}$/;

/** The pages that links in notices and annotations lead to. They work without a script. */
export function pageRoutes(
  dependencies: Pick<EngineDependencies, "store" | "catalog" | "externalUrl" | "disk" | "room">,
): Routes {
  const { store, catalog, externalUrl, disk, room } = dependencies;
  const routes = new Routes();
  routes.get("/", KNOWN, async (request: Request, response: Response) => {
    const visible = visibleRuns(request, catalog.current());
    const [runs, episodes] = await Promise.all([
      listRuns(store.reader, { state: null, runbook: null, episodeId: null, visible }, SHOWN_MAX, null),
      seesAlerts(request) ? listEpisodes(store.reader, SHOWN_MAX, null) : [],
    ]);
    const facts = disk.facts();
    const storage = html`<h2>Storage</h2>${storageContent(facts, room.facts())}`;
    sendPage(
      response,
      200,
      "Now",
      html`${diskWarning(facts)}<h2>Runs</h2>${runsTable(runs)}<h2>Alerts</h2>${episodesTable(episodes)}${storage}`,
    );
  });
  routes.get("/runs/:id", mayOfRun("see"), async (request: Request, response: Response) => {
    const run = await findRun(store, request);
    const [keeping, steps, bundle, artifacts, problems, audit, pending] = await Promise.all([
      readKeeping(store.reader, [run.id]),
      readSteps(store.reader, run.id),
      readNewestBundle(store.reader, run.id),
      readArtifacts(store.reader, run.id),
      readRunProblems(store.reader, run.id),
      readRunAudit(store.reader, run.id, Number.MAX_SAFE_INTEGER),
      readPendingApprovals(store.reader, run.id),
    ]);
    sendPage(
      response,
      200,
      `${run.runbook}: ${run.state}`,
      html`${questionsContent(pending)}${runContent(run, steps, evidenceContent(run, bundle, artifacts, keeping.get(run.id)), problems.length)}<h2>Audit</h2>${auditTable(audit)}`,
    );
  });
  routes.get("/approvals/:id", KNOWN, async (request: Request, response: Response) => {
    const facts = await visibleApproval(dependencies, request);
    sendPage(response, 200, `${facts.run.runbook}: ${facts.approval.state}`, approvalContent(facts));
  });
  // The link to put into an annotation: it is known before the alert ever fired.
  routes.get("/a/:fingerprint", may("see"), async (request: Request, response: Response) => {
    const fingerprint = String(request.params["fingerprint"]).toLowerCase();
    const episode = FINGERPRINT.test(fingerprint) ? await readNewestEpisode(store.reader, fingerprint) : null;
    const wantsJson = request.accepts(["html", "json"]) === "json";
    if (episode === null) return sendNoEpisode(response, fingerprint, wantsJson);
    const details = await readEpisodeDetails(request, dependencies, episode);
    if (wantsJson) return void response.json(episodeDetailsShape(externalUrl, episode, details));
    const runs = await Promise.all(details.runs.map((id) => readRun(store.reader, id)));
    sendPage(
      response,
      200,
      titleOf(episode),
      episodeContent(
        episode,
        details,
        runs.filter((run) => run !== null),
      ),
    );
  });
  return routes;
}

function seesAlerts(request: Request): boolean {
  const asked = { permission: "see", subject: { kind: "everything" }, isRead: true } as const;
  return authorize(requireIdentity(request), asked).isAllowed;
}

function sendNoEpisode(response: Response, fingerprint: string, wantsJson: boolean): void {
  const text =
    "No alert with this fingerprint was received. Does its Alertmanager or Grafana deliver here, and does the alert fire?";
  if (wantsJson)
    response.status(404).json({ fingerprint: fingerprint.slice(0, 64), status: null, detail: text });
  else
    sendPage(
      response,
      404,
      "No such alert",
      html`<p>${text}</p><p>Fingerprint: <code>${fingerprint.slice(0, 64)}</code></p>`,
    );
}

function titleOf(episode: JudgedEpisode): string {
  return episode.labels.get("alertname") ?? episode.fingerprint;
}

function episodeContent(episode: JudgedEpisode, details: EpisodeDetails, runs: readonly Run[]): Html {
  return html`<dl>
<dt>Status</dt><dd class="status">${episode.state}</dd>
<dt>Outcome</dt><dd>${episode.outcome ?? "not known yet"}</dd>
<dt>Fires since</dt><dd>${episode.startsAt}</dd>
<dt>Received</dt><dd>${rfc3339(episode.openedAtMs)}, repeated ${episode.repeats} times</dd>
<dt>Ended</dt><dd>${rfc3339(episode.endsAtMs) ?? "–"}</dd>
<dt>Source</dt><dd>${episode.source}</dd></dl>
${[...episode.annotations].map(([name, value]) => html`<p><strong>${name}</strong>: ${value}</p>`)}
<h2>Runs</h2>${runs.length === 0 ? html`<p>None was started for it.</p>` : runsTable(runs)}
<p><a class="button" href="/api/v1/alerts/${episode.id}/bundle.zip">Download everything of this alert (zip)</a></p>
<h2>Decisions</h2>${decisionsTable(details.decisions)}
<h2>Labels</h2><dl>${[...episode.labels].map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

function decisionsTable(decisions: readonly Decision[]): Html {
  const rows = decisions.map((decision) => {
    const text = describeDetail(decision);
    const what =
      decision.runId === null
        ? html`${decision.kind}`
        : html`<a href="/runs/${decision.runId}">${decision.kind}</a>`;
    return html`<tr><td>${rfc3339(decision.atMs)}</td><td class="status">${what}</td><td>${decision.rule ?? ""}</td><td>${decision.reason ?? ""}</td><td>${text}</td></tr>`;
  });
  return html`<table><thead><tr><th>When</th><th>What</th><th>Rule</th><th>Reason</th><th></th></tr></thead><tbody>${rows}</tbody></table>`;
}

/** What the decision's detail says to a person. */
function describeDetail({ detail }: Decision): string {
  const { text, state, would_run: wouldRun, inputs } = detail;
  if (typeof text === "string") return text;
  if (typeof wouldRun === "string") return `would run ${wouldRun} with ${JSON.stringify(inputs ?? {})}`;
  return typeof state === "string" ? state : "";
}

/** What a page shows of a run's evidence: links to it, or why it is gone. */
interface EvidenceContent {
  readonly bundle: Html;
  readonly files: Html;
}

function evidenceContent(
  run: Run,
  bundle: BundleRecord | null,
  artifacts: readonly Artifact[],
  keeping: RunKeeping | undefined,
): EvidenceContent {
  if (keeping !== undefined && keeping.evidenceRemovedAtMs !== null)
    return {
      bundle: html`<p>There is no bundle any more: ${whyRemoved(keeping)}.</p>`,
      files: html`<p>None is kept any more.</p>`,
    };
  const base = `/api/v1/runs/${run.id}`;
  const state =
    bundle === null
      ? isFinal(run.state)
        ? "is being sealed"
        : "a snapshot of a run that is going on"
      : `revision ${bundle.revision}, SHA-256 ${bundle.sha256}`;
  const pin = (keeping?.pinnedAtMs ?? null) === null ? "" : "; pinned, and so kept whatever its age";
  return {
    bundle: html`<p><a class="button" href="${base}/bundle.zip">Download the bundle (zip)</a><a class="button" href="${base}/bundle.tar.gz">tar.gz</a><br><small>${state}${pin}</small></p>`,
    files: filesTable(base, artifacts),
  };
}

function runContent(
  run: Run,
  steps: readonly StepRecord[],
  evidence: EvidenceContent,
  problems: number,
): Html {
  return html`<dl>
<dt>Status</dt><dd class="status">${run.state}${run.isDryRun ? " (dry run)" : ""}${run.failedStep === null ? "" : ` at step ${run.failedStep}`}</dd>
<dt>Outcome</dt><dd><strong>${run.outcome ?? "not known yet"}</strong>${run.outcomeBecause === null ? "" : `: ${run.outcomeBecause}`}</dd>
<dt>Why</dt><dd><a href="${localPath(run.cause.url)}">${run.cause.title}</a></dd>
<dt>Hosts</dt><dd>${run.plan.hosts.map((host) => host.name).join(", ") || "none"}</dd>
<dt>Started by</dt><dd>${run.trigger.principal}</dd>
<dt>Created</dt><dd>${rfc3339(run.createdAtMs)}</dd>
<dt>Started</dt><dd>${rfc3339(run.startedAtMs) ?? "waits for a slot"}</dd>
<dt>Finished</dt><dd>${rfc3339(run.finishedAtMs) ?? "–"}</dd></dl>
${run.message === null ? null : html`<p>${run.message}</p>`}
${evidence.bundle}
${run.summary === null ? null : html`<h2>Summary</h2><pre>${run.summary}</pre>`}
<h2>Steps</h2>${stepsTable(steps)}
<h2>Files</h2>${evidence.files}
${problems === 0 ? null : html`<p>${problems} things could not be gathered; errors.txt in the bundle says which.</p>`}
<h2>Inputs</h2><dl>${Object.entries(run.plan.inputs).map(([name, value]) => html`<dt>${name}</dt><dd>${typeof value === "object" ? JSON.stringify(value) : String(value)}</dd>`)}</dl>`;
}

/** The path of one of our own links, so that a page works under whatever address it was reached. */
function localPath(url: string): string {
  return URL.canParse(url) ? new URL(url).pathname : "/";
}

function stepsTable(steps: readonly StepRecord[]): Html {
  const rows = steps.map((step) => {
    const durationMs =
      step.startedAtMs === null || step.finishedAtMs === null ? null : step.finishedAtMs - step.startedAtMs;
    return html`<tr><td><code>${step.id}</code></td><td>${step.verb}</td><td>${step.effect}</td><td>${step.host ?? ""}</td><td class="status">${step.state}</td><td>${step.attempts}</td><td>${durationMs === null ? "" : `${(durationMs / 1000).toFixed(1)} s`}</td><td>${step.message ?? ""}</td></tr>`;
  });
  return html`<table><thead><tr><th>Step</th><th>Verb</th><th>Effect</th><th>Host</th><th>Status</th><th>Attempts</th><th>Time</th><th></th></tr></thead><tbody>${rows}</tbody></table>`;
}

function filesTable(base: string, artifacts: readonly Artifact[]): Html {
  if (artifacts.length === 0) return html`<p>None yet.</p>`;
  const rows = artifacts.map((artifact) => {
    const path = artifact.path.split("/").map(encodeURIComponent).join("/");
    return html`<tr><td><a href="${base}/artifacts/${path}">${artifact.path}</a></td><td>${artifact.bytes} B</td><td>${[...(artifact.isTruncated ? ["shortened"] : []), ...(artifact.isSensitive ? ["sensitive"] : [])].join(", ")}</td></tr>`;
  });
  return html`<table><tbody>${rows}</tbody></table>`;
}

function runsTable(runs: readonly Run[]): Html {
  if (runs.length === 0) return html`<p>None yet.</p>`;
  const rows = runs.map(
    (run) =>
      html`<tr><td><a href="/runs/${run.id}">${rfc3339(run.createdAtMs)}</a></td><td>${run.runbook}</td><td>${run.plan.hosts.map((host) => host.name).join(", ")}</td><td class="status">${run.state}${run.isDryRun ? " (dry run)" : ""}</td><td>${run.outcome ?? ""}</td><td>${run.cause.title}</td></tr>`,
  );
  return html`<table><thead><tr><th>Created</th><th>Runbook</th><th>Hosts</th><th>Status</th><th>Outcome</th><th>Why</th></tr></thead><tbody>${rows}</tbody></table>`;
}

function episodesTable(episodes: readonly JudgedEpisode[]): Html {
  if (episodes.length === 0) return html`<p>None was received yet.</p>`;
  const rows = episodes.map(
    (episode) =>
      html`<tr><td><a href="/a/${episode.fingerprint}">${rfc3339(episode.openedAtMs)}</a></td><td>${titleOf(episode)}</td><td class="status">${episode.state}</td><td>${episode.outcome ?? ""}</td><td>${episode.source}</td></tr>`,
  );
  return html`<table><thead><tr><th>Received</th><th>Alert</th><th>Status</th><th>Outcome</th><th>Source</th></tr></thead><tbody>${rows}</tbody></table>`;
}
