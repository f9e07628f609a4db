import Database from "better-sqlite3";
import { join } from "node:path";
import type { ServiceFolder } from "./service.ts";

/** Asks the database file of a service that has ended, past all of our own code. */
export function queryDatabase<Row>(at: ServiceFolder, text: string, ...values: unknown[]): Row[] {
  const database = new Database(join(at.storagePath, "nightshift.db"));
  try {
    return database.prepare(text).all(...values) as Row[];
  } finally {
    database.close();
  }
}
