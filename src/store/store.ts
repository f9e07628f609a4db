import type { Kysely, Transaction } from "kysely";
import type { Schema } from "./schema.ts";

declare const inTransaction: unique symbol;

/** A handle inside a write transaction. The outer handle is out of scope by type: using it there would deadlock on SQLite. */
export type Tx = Transaction<Schema> & { readonly [inTransaction]?: true };

/** A handle for reads: a transaction, or the read-only side of the store. */
export type Reader = Kysely<Schema>;

/** The database is away, full or refuses to write; nothing was stored. The caller may try again later. */
export class StoreUnavailableError extends Error {
  override readonly name = "StoreUnavailableError";
  readonly code: "disk-full" | "busy" | "away" | "read-only";

  constructor(code: StoreUnavailableError["code"], message: string, cause: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** Everything Nightshift remembers. One contract, two databases; test/store runs the same suite on both. */
export interface Store {
  readonly dialect: "sqlite" | "postgres";
  /** For reads that need no lock. Sees only what is committed. */
  readonly reader: Reader;
  /**
   * Runs `work` in one write transaction and commits it durably (SQLite: synchronous=FULL). `work` may be executed again when the
   * database asks for it (deadlock, serialisation failure), so it must have no other effect. Throws
   * {@link StoreUnavailableError} when the database cannot be written.
   */
  transaction<Result>(work: (tx: Tx) => Promise<Result>): Promise<Result>;
  /** The database's clock: what leases and due times are compared with. */
  nowMs(db: Reader): Promise<number>;
  close(): Promise<void>;
}
