import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

export type Metrics = ReturnType<typeof createMetrics>;

/**
 * All metrics of the service, in base units. Labels have closed sets of values: the names come from configuration or from
 * the closed lists of the code, never from a request.
 */
export function createMetrics(version: string) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Counter({ name: `nightshift_${name}`, help, labelNames: [...labelNames], registers: [registry] });
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Gauge({ name: `nightshift_${name}`, help, labelNames: [...labelNames], registers: [registry] });
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name: `nightshift_${name}`, help, buckets, registers: [registry] });

  const buildInfo = gauge("build_info", "Always 1; the labels say what runs.", ["version", "node"]);
  buildInfo.set({ version, node: process.version }, 1);
  return {
    registry,
    configReloadSuccessful: gauge(
      "config_last_reload_successful",
      "1 when the last load of the configuration was good.",
    ),
    configReloadSuccessTime: gauge(
      "config_last_reload_success_timestamp_seconds",
      "When the configuration in use was loaded.",
    ),
    deliveries: counter("deliveries_total", "Webhook requests by source and what was answered.", [
      "source",
      "result",
    ]),
    sourceLastDelivery: gauge("source_last_delivery_timestamp_seconds", "When a source last delivered.", [
      "source",
    ]),
    alertsReceived: counter("alerts_received_total", "Alerts in accepted deliveries.", ["source", "status"]),
    decisions: counter("decisions_total", "What was done with alerts, and why.", ["kind", "reason"]),
    ruleMatches: counter("rule_matches_total", "Alerts that a rule matched.", ["rule"]),
    runsStarted: counter("runs_started_total", "Runs that were begun.", ["runbook", "trigger"]),
    runsFinished: counter("runs_finished_total", "Runs that ended, by their end.", ["runbook", "status"]),
    runOutcomes: counter("run_outcomes_total", "What runs did for their alerts.", ["rule", "outcome"]),
    runDuration: histogram(
      "run_duration_seconds",
      "From a run's start to its end.",
      [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600],
    ),
    stepsFinished: counter("steps_finished_total", "Steps that ended, by verb and end.", ["verb", "status"]),
    intakeDuration: histogram(
      "intake_duration_seconds",
      "From a delivery's arrival to its commit.",
      [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5],
    ),
    alertToFirstStep: histogram(
      "alert_to_first_step_seconds",
      "From the commit of an alert to the start of its run.",
      [0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 30, 300],
    ),
    queueDepth: gauge("queue_depth", "Runs that wait for a free slot."),
    queueOldestAge: gauge("queue_oldest_age_seconds", "How long the oldest of them has waited."),
    approvalsPending: gauge("approvals_pending", "Approvals that nobody has decided yet."),
    pausesActive: gauge("pauses_active", "Pauses in force."),
    breakersOpen: gauge("breakers_open", "Rules that only observe because their breaker is open."),
    runsActive: gauge("runs_active", "Runs that this node executes now."),
    clockJumps: counter("clock_jumps_total", "Jumps of the wall clock over two seconds."),
    sshConnectFailures: counter("ssh_connect_failures_total", "SSH connections that could not be made.", [
      "reason",
    ]),
    invalidAlerts: counter("invalid_alerts_total", "Elements of accepted deliveries that were no alerts.", [
      "source",
    ]),
    archiveBytes: gauge(
      "archive_bytes",
      "Files of runs and bundles: as last counted by retention, and what was written since.",
    ),
    spoolBytes: gauge(
      "spool_bytes",
      "How far the archive is over retention.max_bytes; limits.spool_bytes bounds it.",
    ),
    evidenceLeftOut: counter("evidence_left_out_total", "Files and logs for which there was no room.", [
      "because",
    ]),
    diskFreeBytes: gauge("disk_free_bytes", "Free on the disk of storage.path."),
    diskFull: gauge("disk_full", "1 while that disk is full: deliveries are answered 503."),
    ballastBytes: gauge("ballast_bytes", "Held in reserve for a full disk; 0 while it is given up."),
    retentionDeleted: counter("retention_deleted_total", "What was removed because of its age or size.", [
      "kind",
    ]),
    redactions: counter("redactions_total", "Secrets that were replaced before anything was stored.", [
      "pattern",
    ]),
    bundleBytes: counter("bundle_bytes_total", "Bytes of sealed bundles."),
    noticesSent: counter("notices_total", "Tries to tell people, by what became of them.", [
      "kind",
      "result",
    ]),
  };
}
