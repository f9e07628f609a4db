// Texts that have broken other pages, and a service in which they stand wherever somebody outside can write something.
import { alertmanagerBody } from "../support/alerts.ts";
import { waitFor } from "../support/wait.ts";
import {
  type AccessService,
  ask,
  cookieOf,
  peopleSettings,
  startAccess,
} from "../http/login/login-fixture.ts";

/** Whatever acts sets this. */
const HURT = "globalThis.hurt=1";

/** By the name of the label that brings it. */
export const HOSTILE: Readonly<Record<string, string>> = {
  image: `<img src=x onerror="${HURT}">`,
  script: `</script><script>${HURT}</script>`,
  vector: `<svg/onload=${HURT}>`,
  attribute: `" onmouseover="${HURT}" autofocus onfocus="${HURT}" x="`,
  template: `{{constructor.constructor('${HURT}')()}}\${${HURT}}`,
  address: `javascript:${HURT}`,
  data: `data:text/html,<script>${HURT}</script>`,
  frame: `<iframe srcdoc="<script>parent.${HURT}</script>"></iframe>`,
  style: "<style>*{display:none}</style>",
  markdown: `[here](javascript:${HURT}) ![x](https://evil.example/x.png) <b>bold</b>`,
  colours: "\u001b[31mred\u001b[0m\u001b]0;title\u0007\u001b[2J\u001b[H",
  hyperlink: "\u001b]8;;https://evil.example\u0007here\u001b]8;;\u0007",
  turned: "\u202egpj.exe\u202c \u2067isolated\u2069 \u200fx",
  unseen: "a\u200b\u200d\u2060\ufeffb\u0000",
  stacked: `a${"\u0301".repeat(400)}`,
  lines: "first\nsecond\r\nthird\tand\rfourth",
  long: "x".repeat(8_192),
  words: "word ".repeat(1_600),
  __proto__x: "__proto__",
  constructor: "constructor",
};

const RULES = `
rules:
  - {name: act, mode: auto, matchers: ['alertname =~ ".+"'], runbook: look, with: {word: '\${{ alert.annotations.?plain.orValue("none") }}'}}
`;
const LOOK = `
name: look
title: 'Look <img src=x onerror="${HURT}">'
description: |
  ${HOSTILE["markdown"]} ${HOSTILE["image"]}
owner: '<b>team</b>'
inputs:
  word: {type: string, max_length: 16384, multiline: true}
steps:
  - {id: say, target: local, effect: read, command: [printf, '%s\\033]0;title\\007\\033[31mred\\n', "\${{ inputs.word }}"]}
  - {id: fail, target: local, effect: read, command: [sh, -c, 'printf "%s" "$1" >&2; exit 3', sh, "\${{ inputs.word }}"]}
`;
const ASKS = `
name: asks
access: {run: ["group:sre"], approve: ["group:dba"]}
inputs:
  word: {type: string, max_length: 16384, multiline: true}
steps:
  - {id: ask, approve: {from: ["group:dba"], message: "\${{ inputs.word }}"}}
`;

export interface Hurtful {
  readonly service: AccessService;
  /** An address of each page, with hostile texts on it. */
  readonly paths: readonly string[];
}

/** Alerts with each text as a label, an annotation and an address; runs, an approval, notes, a pause and a hold with them. */
export async function startHurtful(): Promise<Hurtful> {
  const service = await startAccess({
    "nightshift.yml": peopleSettings(
      { olga: ["sre"], dba: ["dba"] },
      'admin: ["group:sre"], viewer: [everyone]',
    ),
    "rules/all.yml": RULES,
    "runbooks/look.yml": LOOK,
    "runbooks/asks.yml": ASKS,
    "hosts.yml":
      "hosts:\n  - {name: web-1, address: 192.0.2.1, user: x, key: {file: /dev/null}, known_hosts: /dev/null, labels: {role: '<b>web</b>'}}\n",
  });
  const everything = Object.values(HOSTILE)
    .filter((text) => text.length < 1_000)
    .join(" | ");
  // An input takes none that cannot be seen.
  const plain = everything.replaceAll(/(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "");
  await fetch(`${service.app.url}/webhooks/alertmanager`, {
    method: "POST",
    body: alertmanagerBody([
      {
        labels: { ...HOSTILE, alertname: HOSTILE["image"] ?? "" },
        annotations: { ...HOSTILE, summary: everything, plain, runbook_url: HOSTILE["address"] ?? "" },
      },
      {
        labels: { alertname: "Long", long: HOSTILE["long"] ?? "" },
        annotations: { summary: HOSTILE["long"] ?? "" },
      },
      {
        labels: { alertname: "Turned", turned: HOSTILE["turned"] ?? "", colours: HOSTILE["colours"] ?? "" },
        annotations: { summary: HOSTILE["turned"] ?? "" },
      },
    ]),
  });
  const headers = { cookie: await cookieOf(service, "olga"), origin: service.app.url };
  const first = (path: string) =>
    waitFor(`something at ${path}`, async () => {
      const { json } = await ask(service, "GET", path, { headers });
      return (json["items"] as { id: string }[] | undefined)?.[0]?.id ?? null;
    });
  const post = async (path: string, body: unknown) => {
    const { status, json } = await ask(service, "POST", path, { headers, body });
    if (status >= 300) throw new Error(`${path}: ${status} ${JSON.stringify(json).slice(0, 500)}`);
  };
  await first("/runs?status=failed");
  await post("/runbooks/asks/runs", { inputs: { word: plain }, reason: "why" });
  const runs = await waitFor("two failed runs", async () => {
    const { json } = await ask(service, "GET", "/runs?status=failed", { headers });
    const items = json["items"] as { id: string }[];
    return items.length >= 2 ? items.map(({ id }) => id) : null;
  });
  for (const id of runs) await post(`/runs/${id}/notes`, { text: plain });
  const visible = (HOSTILE["image"] ?? "") + (HOSTILE["attribute"] ?? "");
  await post("/pauses", { name: "deploy", scope: "all", reason: visible, for: "1h" });
  await post("/hosts/web-1/hold", { reason: visible, for: "1h" });
  await post("/tokens", { name: HOSTILE["image"], scopes: ["read"] });
  const { json } = await ask(service, "GET", "/alerts", { headers });
  const alerts = (json["items"] as { id: string }[]).map(({ id }) => `/alerts/${id}`);
  const approval = await first("/approvals");
  return {
    service,
    paths: [
      "/",
      "/alerts",
      ...alerts,
      "/runs",
      ...runs.map((id) => `/runs/${id}`),
      "/runbooks",
      "/runbooks/look",
      "/runbooks/asks",
      "/approvals",
      `/approvals/${approval}`,
      "/rules",
      "/rules/act",
      `/explain?text=${encodeURIComponent(JSON.stringify({ ...HOSTILE, long: "" }))}`,
      "/pauses?history=true",
      "/hosts",
      "/schedules",
      "/audit",
      "/tokens",
      "/status",
    ],
  };
}
