import { type DeliveryLimits, type RequestLimits, DEFAULT_REQUEST_LIMITS } from "../alerts/limits.ts";
import type { ProcessLimits } from "../executors/process-limits.ts";
import type { Settings } from "./load.ts";

// The settings' names for limits, as each part of the program calls them.

export function deliveryLimits({ limits }: Settings): DeliveryLimits {
  return {
    depthMax: limits.json_depth,
    keysMax: limits.json_keys,
    arrayItemsMax: limits.json_array_items,
    alertsMax: limits.alerts_per_delivery,
    labelsMax: limits.labels_per_alert,
    labelNameBytesMax: limits.label_name,
    labelValueBytesMax: limits.label_value,
    annotationBytesMax: limits.annotation,
  };
}

export function requestLimits({ limits }: Settings): RequestLimits {
  return {
    bodyBytesMax: limits.body,
    refusedBodyBytesMax: limits.refused_body,
    headerBytesMax: limits.header,
    headersMax: limits.headers,
    headersTimeoutMs: limits.headers_timeout,
    requestTimeoutMs: limits.request_timeout,
    connectionsCheckingIntervalMs: DEFAULT_REQUEST_LIMITS.connectionsCheckingIntervalMs,
    connectionsMax: limits.connections,
    keepAliveMs: limits.keep_alive,
  };
}

/** Of each process that a step starts on this machine. */
export function stepLimits({ limits: { step } }: Pick<Settings, "limits">): ProcessLimits {
  return {
    processesMax: step.processes ?? null,
    fileBytesMax: step.file_size ?? null,
    openFilesMax: step.open_files ?? null,
    cpuSecondsMax: step.cpu === undefined ? null : Math.ceil(step.cpu / 1000),
  };
}

/** Runs, queues and times of the engine. */
export interface RunLimits {
  readonly runsMax: number;
  readonly queueMax: number;
  readonly pendingDeliveriesMax: number;
  readonly shutdownGraceMs: number;
  readonly startWithinMs: number;
  readonly bundleBytesMax: number;
}

export function runLimits({ limits }: Settings): RunLimits {
  return {
    runsMax: limits.max_runs,
    queueMax: limits.queue,
    pendingDeliveriesMax: limits.pending_deliveries,
    shutdownGraceMs: limits.shutdown_grace,
    startWithinMs: limits.start_within,
    bundleBytesMax: limits.bundle_bytes,
  };
}

/** Of the archive beyond what retention brings it down to. */
export function spoolBytesMax({ limits }: Pick<Settings, "limits">): number {
  return limits.spool_bytes;
}

/** How long what is kept. */
export interface KeptAges {
  readonly runsMs: number;
  readonly artifactsMs: number;
  readonly deliveriesMs: number;
  readonly decisionsMs: number;
  readonly auditMs: number;
  readonly bytesMax: number;
  readonly keepsPinned: boolean;
}

export function retentionSettings({ retention }: Settings): KeptAges {
  return {
    runsMs: retention.runs,
    artifactsMs: retention.artifacts,
    deliveriesMs: retention.deliveries,
    decisionsMs: retention.decisions,
    auditMs: retention.audit,
    bytesMax: retention.max_bytes,
    keepsPinned: retention.keep.includes("pinned"),
  };
}
