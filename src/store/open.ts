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
  /** Told of each write for which the disk of the SQLite file had no room. */
  readonly onDiskFull?: (error: unknown) => void;
}

/** Opens the database the settings name. */
export function openStore(options: StoreOptions): Promise<Store> {
  if (options.databaseUrl !== null) return openPostgres(options.databaseUrl);
  return openSqlite(join(options.folder, "nightshift.db"), options.clock, options.onDiskFull);
}
