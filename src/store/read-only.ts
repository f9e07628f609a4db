import Database from "better-sqlite3";
import { Kysely } from "kysely";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Schema } from "./schema.ts";
import { sqliteDialect } from "./sqlite-driver.ts";
import type { Reader } from "./store.ts";

const BUSY_TIMEOUT_MS = 5_000;

/** A database of which nothing is changed. */
export interface ReadOnlyStore {
  readonly reader: Reader;
  close(): Promise<void>;
}

/**
 * Opens the SQLite file of a service for reading, also while the service runs. Throws when there is none. Read in short
 * queries: a long one keeps the service from folding its log into the file.
 */
export function openReadOnly(folder: string): ReadOnlyStore {
  const file = join(folder, "nightshift.db");
  if (!existsSync(file))
    throw new Error(
      `there is no database ${file}; name the folder of the service's data with --storage.path`,
    );
  const database = openFile(file);
  const reader = new Kysely<Schema>({ dialect: sqliteDialect(database) });
  return { reader, close: () => reader.destroy() };
}

function openFile(file: string): Database.Database {
  try {
    const database = new Database(file, { readonly: true, timeout: BUSY_TIMEOUT_MS });
    database.pragma("query_only = ON");
    return database;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `${file} could not be opened for reading: ${reason}; check the file and who may read it`,
      {
        cause: error,
      },
    );
  }
}
