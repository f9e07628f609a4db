import Database from "better-sqlite3";
import { Kysely } from "kysely";
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "../platform/clock.ts";
import { migrate, requireMigrated } from "./migrate.ts";
import type { Schema } from "./schema.ts";
import { sqliteDialect } from "./sqlite-driver.ts";
import { type Store, StoreUnavailableError } from "./store.ts";

/** Older versions can corrupt a WAL database when two connections reset the log at once (fixed in SQLite 3.51.3). */
const VERSION_MIN = [3, 51, 3] as const;
const BUSY_TIMEOUT_MS = 5_000;

/** Opens (and makes, and upgrades) the SQLite file. Throws when another process has it open. */
export async function openSqlite(
  file: string,
  clock: Clock,
  onDiskFull: (error: unknown) => void = () => {},
): Promise<Store> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const isNew = !existsSync(file);
  // One node for one file. The lock is held until the process ends, however it ends.
  const lock = takeLock(file);
  let writerDatabase: Database.Database;
  try {
    writerDatabase = openWriter(file);
  } catch (error) {
    lock.close();
    throw cannotOpen(file, error);
  }
  const writer = new Kysely<Schema>({ dialect: sqliteDialect(writerDatabase) });
  try {
    await migrate(writer, "sqlite");
  } catch (error) {
    await writer.destroy();
    lock.close();
    throw new Error(`${isNew ? "create" : "upgrade"} the database ${file} failed: ${String(error)}`, {
      cause: error,
    });
  }
  return storeOf(file, clock, writer, { onDiskFull, onClosed: () => lock.close() });
}

/**
 * Opens the file for a few small changes beside the service that has it: SQLite lets both write, one after the other. Makes and upgrades
 * nothing. Throws when there is no file, or when it is of another version.
 */
export async function openSqliteBeside(file: string, clock: Clock): Promise<Store> {
  if (!existsSync(file))
    throw new Error(
      `there is no database ${file}; start the service once, or name its folder with --storage.path`,
    );
  const writer = new Kysely<Schema>({ dialect: sqliteDialect(openWriter(file)) });
  try {
    await requireMigrated(writer);
  } catch (error) {
    await writer.destroy();
    throw error;
  }
  return storeOf(file, clock, writer, { onDiskFull: () => {}, onClosed: () => {} });
}

interface StoreListeners {
  readonly onDiskFull: (error: unknown) => void;
  readonly onClosed: () => void;
}

function storeOf(
  file: string,
  clock: Clock,
  writer: Kysely<Schema>,
  { onDiskFull, onClosed }: StoreListeners,
): Store {
  const readerDatabase = new Database(file, { readonly: true, timeout: BUSY_TIMEOUT_MS });
  const reader = new Kysely<Schema>({ dialect: sqliteDialect(readerDatabase) });
  return {
    dialect: "sqlite",
    reader,
    nowMs: async () => clock.nowMs(),
    async transaction(work) {
      try {
        return await writer.transaction().execute(work);
      } catch (error) {
        const thrown = toStoreError(error, file);
        if (thrown instanceof StoreUnavailableError && thrown.code === "disk-full") onDiskFull(error);
        throw thrown;
      }
    },
    async close() {
      await reader.destroy();
      await writer.destroy();
      onClosed();
    },
  };
}

function openWriter(file: string): Database.Database {
  const database = new Database(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    assertVersion(database);
    database.pragma("journal_mode = WAL");
    // A WAL database is re-opened at NORMAL, which loses acknowledged rows when the power goes. So set it, and look.
    database.pragma("synchronous = FULL");
    database.pragma("foreign_keys = ON");
    // 16 MiB of pages kept: a commit that has split a page of an index looks through all of them.
    database.pragma("cache_size = -16384");
    // The log is folded into the file when it has 64 MiB: pages that many commits touch are written once.
    database.pragma("wal_autocheckpoint = 16384");
    const synchronous: unknown = database.pragma("synchronous", { simple: true });
    const journalMode: unknown = database.pragma("journal_mode", { simple: true });
    if (synchronous !== 2 || journalMode !== "wal") {
      throw new Error(
        `${file}: synchronous is ${String(synchronous)} and journal_mode ${String(journalMode)}; FULL (2) and wal are needed`,
      );
    }
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function cannotOpen(file: string, error: unknown): Error {
  const reason = error instanceof Error ? error.message : String(error);
  return new Error(`${file} could not be opened: ${reason}; check the file, its owner and the disk`, {
    cause: error,
  });
}

function assertVersion(database: Database.Database): void {
  const version = String(database.prepare("select sqlite_version()").pluck().get());
  const parts = version.split(".").map(Number);
  const firstDifference = VERSION_MIN.findIndex((part, index) => parts[index] !== part);
  if (firstDifference === -1 || (parts[firstDifference] ?? 0) > (VERSION_MIN[firstDifference] ?? 0)) return;
  throw new Error(
    `SQLite ${version} can corrupt a database that is read and written at once; ${VERSION_MIN.join(".")} or newer is needed`,
  );
}

/** An exclusive lock on an empty database beside the file. SQLite's locks go with the process, so a crash leaves none behind. */
function takeLock(file: string): Database.Database {
  const lockFile = `${file}.lock`;
  let lock: Database.Database | undefined;
  try {
    lock = new Database(lockFile, { timeout: 0 });
    lock.pragma("locking_mode = EXCLUSIVE");
    lock.exec("begin exclusive");
    return lock;
  } catch (error) {
    lock?.close();
    if (!(error instanceof Database.SqliteError) || !error.code.startsWith("SQLITE_BUSY"))
      throw cannotOpen(lockFile, error);
    throw new Error(
      `another process has ${file} open; one database file belongs to one node. Stop the other, or give this one another --storage.path`,
      { cause: error },
    );
  }
}

function toStoreError(error: unknown, file: string): unknown {
  if (!(error instanceof Database.SqliteError)) return error;
  if (error.code.startsWith("SQLITE_FULL"))
    return new StoreUnavailableError(
      "disk-full",
      `the disk of ${file} is full; free some space, nothing was stored`,
      error,
    );
  if (error.code.startsWith("SQLITE_IOERR"))
    return new StoreUnavailableError(
      "disk-full",
      `writing ${file} failed (${error.code}); check the disk`,
      error,
    );
  if (error.code.startsWith("SQLITE_BUSY"))
    return new StoreUnavailableError("busy", `${file} is locked by another process`, error);
  if (error.code.startsWith("SQLITE_READONLY"))
    return new StoreUnavailableError("read-only", `${file} cannot be written`, error);
  return error;
}
