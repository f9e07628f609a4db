import type { RawBuilder } from "kysely";

/** What the two databases call the same column types. */
export interface ColumnTypes {
  /** Ordered byte by byte whatever the database's language: a range of names or ids means the same everywhere. */
  readonly text: RawBuilder<unknown>;
  readonly integer: RawBuilder<unknown>;
  readonly blob: RawBuilder<unknown>;
}
