import type { RawBuilder } from "kysely";

/** What the two databases call the same column types. */
export interface ColumnTypes {
  /** Ordered byte by byte whatever the database's language: a range of names or ids means the same everywhere. */
  readonly text: RawBuilder<unknown>;
  readonly integer: RawBuilder<unknown>;
  readonly blob: RawBuilder<unknown>;
  /** Ends the definition of a table of narrow rows: SQLite then keeps them in the tree of the key, and sums ranges three times as fast. */
  readonly inKeyOrder: RawBuilder<unknown>;
}
