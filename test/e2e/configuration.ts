import { fileURLToPath } from "node:url";
import type { TestSshd } from "../support/sshd.ts";

// What an operator would have written for the test's machines: files of Prometheus, of Alertmanager and of Nightshift.

export const WEB_SERVICE = fileURLToPath(new URL("web-service.ts", import.meta.url));
const RESTART_WEB = fileURLToPath(new URL("restart-web.sh", import.meta.url));

export const TOKEN = "a-token-of-the-test";

export interface Places {
  /** Holds everything below. */
  readonly folder: string;
  /** Of the web service, on the machine it runs on. */
  readonly webFolder: string;
  readonly webUrl: string;
  readonly nightshiftUrl: string;
  readonly prometheusUrl: string;
  readonly alertmanagerUrl: string;
  /** Where people get their notices. */
  readonly peopleUrl: string;
}

/** All files by their path in the folder. */
export function configurationFiles(places: Places, sshd: TestSshd): Readonly<Record<string, string>> {
  return {
    token: `${TOKEN}\n`,
    "prometheus.yml": prometheusConfig(places),
    "prometheus-rules.yml": PROMETHEUS_RULES,
    "alertmanager.yml": alertmanagerConfig(places),
    "nightshift.yml": settings(places),
    "hosts.yml": hosts(places, sshd),
    "rules/web.yml": RULES,
    "runbooks/restart-web.yml": restartWeb(places),
    "runbooks/add-worker.yml": ADD_WORKER,
    "runbooks/stop-web.yml": stopWeb(places),
    "web-1/README": "The folder of the web service, on web-1.\n",
  };
}

/** What Prometheus calls the machine; the inventory knows it as an alias of web-1, without the port. */
export const INSTANCE = "web-1.example.net:8080";

function prometheusConfig({ webUrl, alertmanagerUrl }: Places): string {
  return `
global: {scrape_interval: 1s, scrape_timeout: 900ms, evaluation_interval: 1s}
rule_files: [prometheus-rules.yml]
alerting: {alertmanagers: [{static_configs: [{targets: ["${new URL(alertmanagerUrl).host}"]}]}]}
scrape_configs:
  - job_name: web
    static_configs: [{targets: ["${new URL(webUrl).host}"], labels: {instance: "${INSTANCE}"}}]
`;
}

/** The limit of the alert and of its runbook; a page takes 0.6 s when something has leaked. */
export const SLOW_SECONDS = 0.5;
export const LATENCY =
  "histogram_quantile(0.9, sum by (le, instance) (rate(http_request_duration_seconds_bucket[5s])))";

const PROMETHEUS_RULES = `
groups:
  - name: web
    rules:
      - alert: WebLatencyHigh
        expr: ${LATENCY} > ${SLOW_SECONDS}
        for: 1s
        labels: {service: shop, severity: page}
        annotations: {summary: "{{ $labels.instance }} answers slowly"}
      - alert: WebJobsStuck
        expr: web_stuck_jobs > 0
        labels: {service: shop}
      - alert: WebTooOld
        expr: web_is_old > 0
        labels: {service: shop}
`;

/** Repeats what fires every half second, as a real one does every few hours. */
function alertmanagerConfig({ nightshiftUrl }: Places): string {
  return `
route: {receiver: nightshift, group_by: [alertname], group_wait: 200ms, group_interval: 500ms, repeat_interval: 500ms}
receivers:
  - name: nightshift
    webhook_configs:
      - url: ${nightshiftUrl}/webhooks/alertmanager
        http_config: {authorization: {credentials_file: token}}
`;
}

function settings({ prometheusUrl, alertmanagerUrl, peopleUrl }: Places): string {
  return `
sources:
  - name: alertmanager
    kind: alertmanager
    auth: {bearer: {file: token}}
    api: {urls: ["${alertmanagerUrl}"]}
prometheus: {url: "${prometheusUrl}"}
notifiers: [{name: people, webhook: {url: "${peopleUrl}"}}]
notify: [{to: people, events: [failed, interrupted, no_effect, worse, unknown]}]
`;
}

function hosts({ webFolder }: Places, sshd: TestSshd): string {
  return `
hosts:
  - name: web-1
    address: ${sshd.address}
    port: ${sshd.port}
    user: ${sshd.user}
    known_hosts: "${sshd.knownHostsFile}"
    key: {file: "${sshd.keyFile}"}
    aliases: [web-1.example.net]
    labels: {role: web}
    readable: ["${webFolder}/log/**"]
`;
}

const RULES = `
rules:
  - name: web-latency
    mode: auto
    source: alertmanager
    matchers: ['alertname = "WebLatencyHigh"', 'service = "shop"', 'instance != ""']
    group_by: [instance]
    runbook: restart-web
    with:
      host: \${{ alert.labels.instance }}
      instance: \${{ alert.labels.instance }}
    guards: {cooldown: 10m}
    verify: {resolved_within: 60s, stable_for: 3s}

  - name: stuck-jobs
    mode: auto
    matchers: ['alertname = "WebJobsStuck"', 'instance != ""']
    runbook: add-worker
    with: {host: "\${{ alert.labels.instance }}"}
    verify: {resolved_within: 5s, stable_for: 1s}

  - name: too-old
    mode: auto
    matchers: ['alertname = "WebTooOld"', 'instance != ""']
    runbook: stop-web
    with: {host: "\${{ alert.labels.instance }}"}
    verify: {resolved_within: 20s, stable_for: 1s}
`;

function restartWeb({ webFolder, webUrl }: Places): string {
  const { port } = new URL(webUrl);
  const latency = LATENCY.replace("_bucket[", "_bucket{instance=$instance}[");
  const restart = ["sh", RESTART_WEB, webFolder, port, process.execPath, WEB_SERVICE];
  return `
name: restart-web
title: "Web latency: gather evidence, restart if still slow"
inputs:
  host: {type: host}
  instance: {type: string}
target: \${{ inputs.host }}
http_hosts: [127.0.0.1] # loopback is reached only when it is named
timeout: 1m
steps:
  - id: graph
    name: Latency before
    prometheus: {query: '${latency}', vars: {instance: "\${{ inputs.instance }}"}, range: 1m, step: 1s, save_as: latency-before}
  - id: logs
    collect: {paths: ["${webFolder}/log/*.log"]}
  - id: snapshot
    effect: read
    run: |
      uptime
      echo "gathered by $(whoami)"
  - id: latency
    prometheus: {query: '${latency}', vars: {instance: "\${{ inputs.instance }}"}}
  - id: restart
    if: steps.latency.?value.orValue(1000.0) > ${SLOW_SECONDS}
    command: ${JSON.stringify(restart)}
    timeout: 20s
  - id: healthy
    http: {url: "http://\${{ inputs.host.address }}:${port}/healthz"}
    until: response.status == 200
    retries: 40
    delay: 200ms
  - id: fast_again
    prometheus: {query: '${latency}', vars: {instance: "\${{ inputs.instance }}"}}
    until: value < ${SLOW_SECONDS}
    retries: 60
    delay: 500ms
  - id: settle
    wait: 1s # the last point of the graph is up to one step old
  - id: graph_after
    prometheus: {query: '${latency}', vars: {instance: "\${{ inputs.instance }}"}, range: 1m, step: 1s, save_as: latency-after}
  - id: tell
    notify: {to: people, title: "Restarted \${{ inputs.host.name }}", text: "It was slow; \${{ run.url }} has the evidence."}
summary: |
  The shop on \${{ inputs.host.name }}: restart \${{ steps.restart.status }}, health check \${{ steps.healthy.status }}.
`;
}

/** Changes something that does not help. */
const ADD_WORKER = `
name: add-worker
inputs: {host: {type: host}}
target: \${{ inputs.host }}
steps:
  - {id: add, command: ["true"]}
`;

/** Meant as a restart, but the service does not come back. */
function stopWeb({ webFolder }: Places): string {
  return `
name: stop-web
inputs: {host: {type: host}}
target: \${{ inputs.host }}
steps:
  - {id: stop, env: {PID_FILE: "${webFolder}/web.pid"}, run: 'kill "$(cat "$PID_FILE")"'}
`;
}
