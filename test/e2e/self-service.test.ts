// The example of self-service from end to end: a developer asks for a fresh test database, over the API and on the command line; the DBA says
// yes; a third person gets nothing. The host is a real sshd, the database a real PostgreSQL.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { nightshift } from "../cli/nightshift.ts";
import {
  type AccessService,
  ask,
  cookieOf,
  peopleSettings,
  startAccess,
  tokenOf,
} from "../http/login/login-fixture.ts";
import { PROGRAM_FOLDER } from "../support/service.ts";
import { sshdAbsence, startSshd, type TestSshd } from "../support/sshd.ts";
import { waitFor } from "../support/wait.ts";
import { missingPrograms } from "./programs.ts";
import { type Postgres, postgresAbsence, startPostgres } from "./postgres.ts";

const DUMPS = "/var/backups/test-data";
const missing = [
  ...missingPrograms({ unzip: "unzip", sha256sum: "coreutils" }),
  ...[sshdAbsence, postgresAbsence(), existsSync(DUMPS) ? `${DUMPS} belongs to somebody` : null].filter(
    (reason) => reason !== null,
  ),
];
if (missing.length > 0) console.warn(`skipped: the refresh of a test database. ${missing.join("; ")}`);

const PEOPLE = { dev: ["developers"], dba: ["dba"], guest: ["visitors"], root: ["platform"] } as const;
type Name = keyof typeof PEOPLE;

const RUNBOOK = readFileSync(join(PROGRAM_FOLDER, "runbooks/refresh-test-db.yml"), "utf8");

interface Stage {
  readonly service: AccessService;
  readonly tokens: Readonly<Record<Name, string>>;
}

describe.skipIf(missing.length > 0)("a developer asks for a fresh test database", () => {
  let sshd: TestSshd;
  let postgres: Postgres;

  beforeAll(async () => {
    sshd = await startSshd();
    postgres = startPostgres();
    mkdirSync(DUMPS, { recursive: true });
    execFileSync("chown", ["postgres:", DUMPS]);
    postgres.sql("postgres", "create database source");
    for (let number = 1; number <= 12; number += 1)
      postgres.sql("source", `create table orders_${number} as select generate_series(1, 10) as id`);
    postgres.dump("source", join(DUMPS, "shop_test.dump"));
  }, 120_000);

  afterAll(async () => {
    postgres.stop();
    rmSync(DUMPS, { recursive: true, force: true });
    await sshd.close();
  });

  /** The test database as it is before: one old table. */
  async function stage(): Promise<Stage> {
    postgres.sql("postgres", "drop database if exists shop_test");
    postgres.sql("postgres", "create database shop_test");
    postgres.sql("shop_test", "create table old_table (id int)");
    const host = `{name: testdb-1, address: ${sshd.address}, port: ${sshd.port}, user: ${sshd.user}, key: {file: ${sshd.keyFile}}, known_hosts: ${sshd.knownHostsFile}, labels: {role: testdb}, become: [postgres]}`;
    const service = await startAccess({
      "nightshift.yml": peopleSettings(PEOPLE, 'admin: ["group:platform"], viewer: ["group:visitors"]'),
      "hosts.yml": `hosts:\n  - ${host}\n`,
      "runbooks/refresh-test-db.yml": RUNBOOK,
    });
    const cookie = await cookieOf(service, "root");
    const made = Object.keys(PEOPLE).map(
      async (name) => [name, await tokenOf(service, cookie, name, ["all"])] as const,
    );
    return { service, tokens: Object.fromEntries(await Promise.all(made)) as Record<Name, string> };
  }

  const tables = () => postgres.sql("shop_test", "select count(*) from pg_stat_user_tables").trim();

  test("over the API", async () => {
    const { service, tokens } = await stage();
    const by = (name: Name, method: string, path: string, body?: unknown) =>
      ask(service, method, path, { token: tokens[name], ...(body === undefined ? {} : { body }) });
    const form = (await by("dev", "GET", "/runbooks/refresh-test-db")).json;
    expect(form["inputs_schema"]).toMatchObject({
      properties: { database: { enum: ["shop_test", "billing_test", "search_test"] } },
    });
    const start = (inputs: unknown, more = {}) =>
      by("dev", "POST", "/runbooks/refresh-test-db/runs", { inputs, reason: "new release", ...more });
    const wrong = await start({ host: "testdb-9", database: "production" });
    expect([
      wrong.status,
      (wrong.json["errors"] as { pointer: string }[]).map(({ pointer }) => pointer).toSorted(),
    ]).toEqual([422, ["/inputs/database", "/inputs/host"]]);
    const inputs = { host: "testdb-1", database: "shop_test" };
    const unconfirmed = await start(inputs);
    expect([unconfirmed.status, unconfirmed.json["errors"]]).toMatchObject([422, [{ pointer: "/confirm" }]]);
    expect((await by("guest", "POST", "/runbooks/refresh-test-db/runs", { inputs })).status).toBe(403);
    const started = await start(inputs, { confirm: "shop_test" });
    expect([started.status, started.json["status"]]).toEqual([202, "waiting_person"]);
    const id = String(started.json["id"]);
    const [approval = {}] = (await by("dba", "GET", `/approvals?run=${id}`)).json["items"] as Record<
      string,
      unknown
    >[];
    expect(approval).toMatchObject({
      requested_by: "user:dev",
      status: "pending",
      may_approve: ["group:dba"],
    });
    const answer = (name: Name) =>
      by(name, "POST", `/approvals/${String(approval["id"])}/approve`, {
        plan_digest: approval["plan_digest"],
      });
    expect((await answer("dev")).status).toBe(403);
    expect((await answer("guest")).status).toBe(403);
    expect((await answer("root")).status).toBe(403);
    expect(tables()).toBe("1");
    expect((await answer("dba")).json).toMatchObject({ status: "approved" });
    const run = await waitFor(
      "the run to end",
      async () => {
        const { json } = await by("dev", "GET", `/runs/${id}`);
        return json["finished_at"] === null ? null : json;
      },
      60_000,
    );
    expect(run).toMatchObject({ status: "succeeded", trigger: { kind: "person", principal: "user:dev" } });
    expect(tables()).toBe("12");
    const trail = (await by("dba", "GET", `/runs/${id}/audit`)).json["items"] as Record<string, unknown>[];
    expect(trail.map(({ principal, action }) => `${String(principal)} ${String(action)}`)).toEqual([
      "user:dev run.start",
      "user:dba approval.approve",
    ]);
    expect((await by("guest", "GET", `/runs/${id}/bundle.zip`)).status).toBe(403);
    expect((await by("guest", "GET", `/runs/${id}/artifacts`)).status).toBe(403);
    expect((await by("dev", "GET", `/runs/${id}/bundle.zip`)).status).toBe(200);
  }, 120_000);

  test("on the command line", async () => {
    const { service, tokens } = await stage();
    const as = (name: Name, ...words: string[]) =>
      nightshift(words, { env: { NIGHTSHIFT_URL: service.app.url, NIGHTSHIFT_TOKEN: tokens[name] } });
    const inputs = ["--input", "host=testdb-1", "--input", "database=shop_test"];
    const start = ["run", "start", "refresh-test-db"];
    const wrong = await as("dev", ...start, "--input", "host=testdb-1", "--input", "database=production");
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("shop_test, billing_test") });
    expect((await as("guest", ...start, ...inputs, "--confirm", "shop_test", "--yes")).code).toBe(4);
    const watched = as("dev", ...start, ...inputs, "--confirm", "shop_test", "--yes", "--watch");
    const { id, run } = await waitFor(
      "the approval",
      async () => {
        const { stdout } = await as("dba", "approval", "list", "-o", "json");
        const { items } = JSON.parse(stdout) as { items: { id: string; run: string }[] };
        return items[0] ?? null;
      },
      60_000,
    );
    expect(await as("dev", "approval", "approve", id)).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("somebody else"),
    });
    expect((await as("guest", "approval", "approve", id)).code).toBe(4);
    expect((await as("dba", "approval", "approve", id, "--comment", "dump is of tonight")).code).toBe(0);
    expect(await watched).toMatchObject({ code: 0, stdout: expect.stringContaining("succeeded") });
    expect(tables()).toBe("12");
    const into = join(service.at.folder, "evidence");
    mkdirSync(into);
    onTestFinished(() => rmSync(into, { recursive: true, force: true }));
    expect((await as("guest", "run", "download", run, "--output", into)).code).toBe(4);
    expect((await as("dev", "run", "download", run, "--output", into)).code).toBe(0);
    const [bundle = ""] = readdirSync(into);
    expect(await as("dev", "bundle", "verify", join(into, bundle))).toMatchObject({ code: 0 });
    const audit = await as("root", "audit", "tail", "-o", "json");
    for (const words of ["run.start", "approval.approve", "dump is of tonight"])
      expect(audit.stdout).toContain(words);
  }, 180_000);
});
