import { join } from "node:path";
import type { Clock } from "../platform/clock.ts";
import { openPostgres } from "./postgres.ts";
import { openSqlite } from "./sqlite.ts";
import type { Store } from "./store.ts";

export interface StoreOptions {
  /** The folder of the SQLite file. */
  readonly folder: string;
  /** PostgreSQL instead, for several nodes; null for SQLite. */
  readonly databaseUrl: string | null;
  readonly clock: Clock;
}

/** Opens the database the settings name. */
export function openStore(options: StoreOptions): Promise<Store> {
  if (options.databaseUrl !== null) return openPostgres(options.databaseUrl);
  return openSqlite(join(options.folder, "nightshift.db"), options.clock);
}
