import { join } from "node:path";
import type { SourceAuth } from "../access/source-auth/authenticate.ts";
import type { SourceKind } from "../alerts/alert.ts";
import type { Mapping } from "../alerts/mapping.ts";
import type { ArchiveFolder } from "../archive/archive-folder.ts";
import type { ArchiveAccount } from "../archive/archive-room.ts";
import type { ArtifactStore } from "../archive/artifact-store.ts";
import type { BundleStore } from "../archive/bundle-store.ts";
import type { CheckpointFile } from "../audit/checkpoint-file.ts";
import type { AuditKeys } from "../audit/keys.ts";
import type { LiveOutputs } from "../archive/live-outputs.ts";
import type { CatalogHolder } from "../catalog/reload.ts";
import type { Notifier } from "../notify/notifier.ts";
import type { NoticeWording } from "../notify/wording.ts";
import type { Prometheus } from "../outbound/prometheus.ts";
import type { AlertSourceApi, AnnotationsApi } from "../outbound/source-api.ts";
import type { Clock } from "../platform/clock.ts";
import type { DiskState } from "../platform/disk.ts";
import type { InputKey } from "../platform/input-key.ts";
import type { KillPoints } from "../platform/killpoints.ts";
import type { Log } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Bell } from "../queue/bell.ts";
import type { Redaction } from "../redaction/redaction.ts";
import type { StepDependencies } from "../steps/verbs.ts";
import type { Store } from "../store/store.ts";
import type { OutcomeJournal } from "./outcome-journal.ts";
import type { RetentionSettings } from "./retention.ts";
import type { ReadSecret } from "./secrets.ts";

/** A configured sender of webhooks, as the engine needs it. */
export interface Source {
  readonly name: string;
  readonly kind: SourceKind;
  /** How what it sends proves to be its own. */
  readonly authKind: SourceAuth["kind"];
  /** For `generic` sources: how their JSON is read. */
  readonly mapping: Mapping | null;
  /** Where the state of an alert can be asked for; null when nothing is configured. */
  readonly api: AlertSourceApi | null;
  /** Where marks can be set in its graphs; null for what is no Grafana with a token. */
  readonly annotations: AnnotationsApi | null;
  readonly episodeTtlMs: number;
}

export interface EngineLimits {
  /** Runs that this node executes at once. 0: it only takes alerts in. */
  readonly runsMax: number;
  /** Runs that may wait for a slot; beyond it a start is `delayed: queue_full`. */
  readonly queueMax: number;
  /** Deliveries that wait for their commit; beyond it the answer is 503. */
  readonly pendingDeliveriesMax: number;
  /** For the current step of each run, when the service is asked to stop. */
  readonly shutdownGraceMs: number;
  /** A start later than this after its decision first asks the source whether the alert still fires. */
  readonly startWithinMs: number;
  /** Of all files of one run; beyond it nothing more is gathered. */
  readonly bundleBytesMax: number;
}

/** Who is told of what. */
export interface NotifyRoute {
  readonly to: string;
  readonly events: readonly string[];
  /** In which words; null or absent for those of the notifier. */
  readonly wording?: NoticeWording | null;
}

/** Everything the engine uses, built in `app.ts`. */
export interface EngineDependencies {
  readonly nodeId: string;
  /** Of the service; part of every bundle. */
  readonly version: string;
  readonly store: Store;
  readonly catalog: Pick<CatalogHolder, "current">;
  /** The sources as configured now; a reload may change them. */
  readonly sources: { get(name: string): Source | undefined; all(): readonly Source[] };
  /** Of everything that is kept here. */
  readonly disk: DiskState;
  readonly artifacts: ArtifactStore;
  readonly bundles: BundleStore;
  /** What the steps of this node print at this moment. */
  readonly liveOutputs: LiveOutputs;
  /** How large the archive is and may be. */
  readonly room: ArchiveAccount;
  /** What is kept for how long; null where nothing is kept, in simulations. */
  readonly retention: {
    /** As configured now; a reload may change them. */
    readonly settings: () => RetentionSettings;
    readonly archiveFolder: ArchiveFolder;
  } | null;
  readonly steps: StepDependencies;
  readonly notifiers: ReadonlyMap<string, Notifier>;
  readonly notifyRoutes: readonly NotifyRoute[];
  /** How notifiers want to be told, by their names, where a route does not say otherwise. */
  readonly notifierWording: ReadonlyMap<string, NoticeWording>;
  readonly prometheus: Prometheus | null;
  /** Secrets that runbooks may use, by name, as last read. */
  readonly secrets: ReadonlyMap<string, ReadSecret>;
  /** On the only way into the database, the archive and notices. Knows the secrets of the settings as configured now. */
  readonly redaction: Redaction;
  readonly journal: OutcomeJournal;
  /** Keeps secret inputs and uploaded files while their run has not ended. */
  readonly inputKey: InputKey;
  /** Sign what is written into the audit log. */
  readonly auditKeys: AuditKeys;
  /** Show later that records are missing at its end. */
  readonly auditCheckpoints: CheckpointFile;
  readonly limits: EngineLimits;
  /** Holds a working folder for each run. */
  readonly workRoot: string;
  /** Without a slash at its end. */
  readonly externalUrl: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly killPoints: KillPoints;
  /** Rung when a run may be ready, when a timer was set, and when there is something to finish. */
  readonly bells: { readonly runs: Bell; readonly timers: Bell; readonly outbox: Bell };
}

/** The permalink of a run; it answers from the moment the run was decided on. */
export function runUrl(dependencies: Pick<EngineDependencies, "externalUrl">, runId: string): string {
  return `${dependencies.externalUrl}/runs/${runId}`;
}

/** The permalink of a question to people. */
export function approvalUrl(dependencies: Pick<EngineDependencies, "externalUrl">, id: string): string {
  return `${dependencies.externalUrl}/approvals/${id}`;
}

/** The folder a run's local commands start in, and that its scripts may use; removed when the run has ended. */
export function workFolder(dependencies: Pick<EngineDependencies, "workRoot">, runId: string): string {
  return join(dependencies.workRoot, runId);
}
