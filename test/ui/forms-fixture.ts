import { type AccessService, cookieOf, peopleSettings, startAccess } from "../http/login/login-fixture.ts";
import type { OpenPage, TestBrowser } from "./browser.ts";

// What the tests of forms, approvals and hosts share: people, runbooks of all kinds, hosts.

/** May run: dev. May approve: dba. Admin: olga. Everybody else sees. */
const PEOPLE = { olga: ["sre"], dev: ["developers"], dba: ["dba"], ina: ["interns"] } as const;

const EVERYTHING = `
name: everything
title: Every type of input
owner: team-web
tags: [inputs]
access: {run: ["group:developers", "group:sre"]}
inputs:
  word: {type: string, pattern: "[a-z]+", max_length: 12, title: Which word, help: Small letters only, placeholder: hello}
  text: {type: string, multiline: true, title: Some text}
  count: {type: integer, min: 1, max: 9, default: 2, title: How many}
  share: {type: number, min: 0, max: 1, title: Which share}
  sure: {type: boolean, title: Sure about it}
  size: {type: choice, options: [small, large], title: How large}
  parts: {type: multi_choice, options: [front, back, side], title: Which parts}
  host: {type: host, in: 'role = "web"', title: Which server}
  hosts: {type: hosts, in: 'role = "web"', title: Which servers}
  grace: {type: duration, default: 5m, max: 1h, title: How long}
  day: {type: date, title: Which day}
  at: {type: datetime, title: Which moment}
  password: {type: secret, title: The password}
  cert: {type: file, max_size: 2KiB, title: The certificate}
steps:
  - {id: look, target: local, effect: read, name: Say the word, command: [echo, "\${{ inputs.word }}"]}
`;

const CONDITIONS = `
name: conditions
title: Fields that depend on others
access: {run: ["group:developers"]}
inputs:
  size: {type: choice, options: [small, large], default: small, title: How large}
  count: {type: integer, default: 1, title: How many}
  why: {type: string, title: Why so large, required: false, show_if: 'inputs.size == "large"'}
  owner: {type: string, title: Whose are they, required: false, show_if: "inputs.count > 3"}
  host: {type: host, title: Which server}
  ticket: {type: string, title: Which ticket, required: false, show_if: 'inputs.host.labels["env"] == "prod"'}
steps:
  - {id: look, target: local, effect: read, command: [echo, "\${{ inputs.size }}"]}
`;

const CLEAR = `
name: clear-cache
title: Clear the cache
description: |
  Frees **disk space**. See [the guide](https://example.net/guide).

  - [a bad link](javascript:document.title='bad')
  - <img src=x onerror="document.title='bad'">
owner: team-web
tags: [web, disk]
access: {run: ["group:developers"], approve: ["group:dba"]}
inputs:
  word: {type: string, default: cache, title: Which cache}
confirm: {type_value_of: word}
steps:
  - {id: before, target: local, effect: read, name: Look at the disk, command: [df, -h, /tmp]}
  - id: clear
    target: local
    effect: destructive
    name: Clear it
    command: [echo, "\${{ inputs.word }}"]
`;

const ASKS = `
name: asks
title: Asks first
access: {run: ["group:developers"], approve: ["group:dba"]}
inputs: {word: {type: string, default: hello, title: Which word}}
approval: {timeout: 1h}
steps:
  - {id: act, target: local, name: restart nginx, command: [echo, "\${{ inputs.word }}"]}
`;

const BREAKS = `
name: breaks
title: Asks after a failure
access: {run: ["group:developers"], approve: ["group:dba"]}
steps:
  - id: act
    target: local
    effect: read
    run: echo it broke >&2; exit 3
    ask_on_failure: {timeout: 1h}
`;

const WEB_HOSTS = 1_000;

/** So many web servers, and others that no form of these asks for. */
function inventory(): string {
  const host = (name: string, labels: string) =>
    `  - {name: ${name}, address: 192.0.2.1, labels: {${labels}}}`;
  const web = Array.from({ length: WEB_HOSTS }, (_, index) =>
    host(`web-${String(index + 1).padStart(4, "0")}`, `role: web, env: ${index === 0 ? "prod" : "test"}`),
  );
  const databases = ["db-0001", "db-0002"].map((name) =>
    host(name, `role: db, note: "<img src=x onerror=alert(1)>"`),
  );
  return `defaults: {user: x, key: {file: /dev/null}, known_hosts: /dev/null}\nhosts:\n${[...web, ...databases].join("\n")}\n`;
}

/** Nobody has a role but the admins: a runbook is seen by those whom it names. */
export const WITHOUT_ROLES = peopleSettings(PEOPLE, 'admin: ["group:sre"]');

export function startForms(more: Readonly<Record<string, string>> = {}): Promise<AccessService> {
  return startAccess({
    "nightshift.yml": peopleSettings(PEOPLE, 'admin: ["group:sre"], viewer: [everyone]'),
    "runbooks/everything.yml": EVERYTHING,
    "runbooks/conditions.yml": CONDITIONS,
    "runbooks/clear-cache.yml": CLEAR,
    "runbooks/asks.yml": ASKS,
    "runbooks/breaks.yml": BREAKS,
    "hosts.yml": inventory(),
    ...more,
  });
}

export async function openAs(
  browser: TestBrowser,
  service: AccessService,
  name: string,
  options: { width?: number; scheme?: "light" | "dark" } = {},
): Promise<OpenPage> {
  const header = await cookieOf(service, name);
  return browser.open({ ...options, cookie: { url: service.app.url, header } });
}
