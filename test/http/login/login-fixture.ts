import { scryptSync } from "node:crypto";
import { onTestFinished } from "vitest";
import type { App } from "../../../src/app.ts";
import { createServiceFolder, type ServiceFolder, startService } from "../../support/service.ts";

export const PASSWORD = "correct horse battery";

/** Of {@link PASSWORD}, cheap to check: tests log in often. */
const HASH = (() => {
  const salt = Buffer.alloc(16, 7);
  const hash = scryptSync(PASSWORD, salt, 32, { N: 2 ** 4, r: 8, p: 1 });
  return `scrypt$ln=4,r=8,p=1$${salt.toString("base64")}$${hash.toString("base64")}`;
})();

/** One person for each role, one without any, and two more of no role: who may run, and who may approve. */
export const PEOPLE = {
  nora: [],
  vera: ["viewers"],
  rosa: ["responders"],
  olaf: ["operators"],
  ada: ["admins"],
  rike: ["runners"],
  alex: ["approvers"],
} as const;
export type PersonName = keyof typeof PEOPLE;

const ROLES = `
    viewer: ["group:viewers"]
    responder: ["group:responders"]
    operator: ["group:operators"]
    admin: ["group:admins"]`;

function usersOf(people: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(people)
    .map(
      ([name, groups]) =>
        `    - {name: ${name}, password_hash: "${HASH}", groups: ${JSON.stringify(groups)}}`,
    )
    .join("\n");
}

/** Settings with other people, each with {@link PASSWORD}; `roles` as in YAML's braces. */
export function peopleSettings(people: Readonly<Record<string, readonly string[]>>, roles: string): string {
  return `
notifiers: [{name: log, log: {}}]
notify: [{to: log, events: [failed, approval]}]
login:
  users:
${usersOf(people)}
  roles: {${roles}}
`;
}

const RUNBOOK = `
name: fix
access: {run: ["group:runners"], approve: ["group:approvers"]}
steps: [{id: fix, command: [echo, fixed], effect: read, target: local}]
`;

/** The `login` of the settings, with {@link PEOPLE}. */
export const LOGIN = `login:
  users:
${usersOf(PEOPLE)}
  roles:${ROLES}`;

export function settingsOf(more = "", web = ""): string {
  return `
${web}
notifiers: [{name: log, log: {}}]
notify: [{to: log, events: [failed]}]
${LOGIN}
${more}
`;
}

export interface AccessService {
  readonly app: App;
  readonly at: ServiceFolder;
}

/** A service with a login, and a runbook `fix` that group runners may run and group approvers approve. Stopped when the test ends. */
export async function startAccess(
  files: Readonly<Record<string, string>> = {},
  options: { readonly port?: number } = {},
): Promise<AccessService> {
  const at = createServiceFolder({
    "nightshift.yml": settingsOf(),
    "runbooks/fix.yml": RUNBOOK,
    ...files,
  });
  onTestFinished(() => at.remove());
  const app = await startService(at, options);
  onTestFinished(() => app.stop());
  return { app, at };
}

/** Logs in by the API; the value of the Cookie header. Throws when it is refused. */
export async function cookieOf(
  { app }: Pick<AccessService, "app">,
  name: string,
  password = PASSWORD,
): Promise<string> {
  const response = await fetch(`${app.url}/api/v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name, password }),
  });
  const cookie = response.headers.get("set-cookie")?.split(";")[0];
  if (response.status !== 200 || cookie === undefined)
    throw new Error(`${name} could not log in: ${response.status} ${await response.text()}`);
  return cookie;
}

/** A token with scope `all` for each person, made by the admin. */
export async function tokensOf(service: AccessService): Promise<Record<PersonName, string>> {
  const cookie = await cookieOf(service, "ada");
  const made = Object.keys(PEOPLE).map(
    async (name) => [name, await tokenOf(service, cookie, name, ["all"])] as const,
  );
  return Object.fromEntries(await Promise.all(made)) as Record<PersonName, string>;
}

export async function tokenOf(
  service: AccessService,
  adminCookie: string,
  user: string,
  scopes: readonly string[],
  more: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const { status, json } = await ask(service, "POST", "/tokens", {
    headers: { cookie: adminCookie, origin: service.app.url },
    body: { name: "test", user, scopes, ...more },
  });
  if (status !== 201) throw new Error(`no token: ${status} ${JSON.stringify(json)}`);
  return String(json["token"]);
}

export interface Asked {
  readonly headers?: Readonly<Record<string, string>>;
  readonly token?: string;
  readonly body?: unknown;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly json: Record<string, unknown>;
}

/** Calls the API. */
export async function ask(
  { app }: AccessService,
  method: string,
  path: string,
  asked: Asked = {},
): Promise<Answer> {
  const { headers = {}, token, body } = asked;
  const response = await fetch(`${app.url}/api/v1${path}`, {
    method,
    redirect: "manual",
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const isJson = /^application\/(problem\+)?json\b(?!l)/.test(response.headers.get("content-type") ?? "");
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
  if (isStream) await response.body?.cancel();
  const text = isStream ? "" : await response.text();
  return {
    status: response.status,
    headers: response.headers,
    json: isJson && text !== "" ? (JSON.parse(text) as Record<string, unknown>) : {},
  };
}
