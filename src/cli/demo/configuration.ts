import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface DemoPlaces {
  readonly folder: string;
  readonly shopUrl: string;
  readonly prometheusUrl: string;
  readonly port: number;
}

/** Writes what an operator would have written for the shop: settings, inventory, one rule, one runbook. */
export function writeDemoConfiguration(places: DemoPlaces): string {
  const files: Readonly<Record<string, string>> = {
    "nightshift.yml": settings(places),
    "hosts.yml": `hosts:\n  - {name: local, labels: {role: shop}, readable: [${JSON.stringify(`${places.folder}/shop/**`)}]}\n`,
    "rules/shop.yml": RULES,
    "runbooks/restart-shop.yml": runbook(places),
    "shop/restart.sh": RESTART,
  };
  for (const name of ["rules", "runbooks", "shop"]) mkdirSync(join(places.folder, name), { recursive: true });
  for (const [path, text] of Object.entries(files)) writeFileSync(join(places.folder, path), text);
  return join(places.folder, "nightshift.yml");
}

function settings({ prometheusUrl, port }: DemoPlaces): string {
  return `web: {listen: "127.0.0.1:${port}"}
sources: [{name: alertmanager, kind: alertmanager}]
prometheus: {url: ${prometheusUrl}}
notifiers: [{name: log, log: {}}]
notify: [{to: log, events: [failed, no_effect, interrupted]}]
`;
}

const RULES = `rules:
  - name: shop-latency
    mode: auto
    matchers: ['alertname = "ShopSlow"', 'service = "shop"']
    runbook: restart-shop
    guards: {cooldown: 10m}
    verify: {resolved_within: 30s, stable_for: 2s}
`;

function runbook({ folder, shopUrl }: DemoPlaces): string {
  return `name: restart-shop
title: "Shop latency: gather evidence, restart"
owner: team-shop
tags: [shop, latency]
description: |
  Keeps what is needed to understand why the shop is slow, **restarts** it where it still is, and looks whether that helped.
target: local
http_hosts: [127.0.0.1]
steps:
  - id: graph
    name: Latency of the last seconds
    prometheus: {query: shop_request_duration_seconds, range: 20s, step: 1s, save_as: latency-before}
  - id: logs
    name: Logs of the shop
    collect: {paths: [${JSON.stringify(`${folder}/shop/*.log`)}]}
  - id: snapshot
    name: Load, and the process
    effect: read
    continue_on_error: true
    env: {FOLDER: ${JSON.stringify(`${folder}/shop`)}}
    run: |
      uptime
      ps -o pid,etime,rss,args -p "$(cat "$FOLDER/shop.pid")"
  - id: latency
    name: Is it still slow
    prometheus: {query: shop_request_duration_seconds}
  - id: restart
    name: Restart the shop
    if: steps.latency.?value.orValue(1.0) > 0.3
    command: [sh, ${JSON.stringify(`${folder}/shop/restart.sh`)}, ${JSON.stringify(`${folder}/shop`)}]
    timeout: 15s
  - id: healthy
    name: Does the checkout answer
    http: {url: ${shopUrl}/checkout}
    until: response.status == 200
    retries: 20
    delay: 500ms
  - id: settle
    name: Give it a moment
    wait: 2s
  - id: graph_after
    name: Latency after the restart
    prometheus: {query: shop_request_duration_seconds, range: 20s, step: 1s, save_as: latency-after}
summary: |
  The shop answered in \${{ int(steps.latency.?value.orValue(0.0) * 1000.0) }} ms. Restart: \${{ steps.restart.status }}, health check: \${{ steps.healthy.status }}.
`;
}

/** The supervisor starts the shop again; a process that a step itself had started would be ended with the step. */
const RESTART = `#!/bin/sh
set -eu
old=$(cat "$1/shop.pid")
echo "stopping the shop, pid $old"
kill -TERM "$old"
while [ "$(cat "$1/shop.pid")" = "$old" ]; do sleep 0.1; done
echo "the supervisor has started it again, pid $(cat "$1/shop.pid")"
`;
