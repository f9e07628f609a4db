import type { AuditRow } from "../audit/row.ts";

// The tables of the audit log; types as in schema.ts.

export interface AuditTable extends AuditRow {}

/** One row: where the chain begins, and what sealers of several nodes wait for. */
export interface AuditChainTable {
  readonly id: number;
  /** The last sequence that was removed because of its age, and the chain's hash there; 0 and null before the first removal. */
  readonly cut_sequence: number;
  readonly cut_hash: string | null;
  readonly cut_at: number | null;
  readonly key_id: string | null;
  /** Signs the cut: rows that anybody else removes are missing. */
  readonly mac: string | null;
}
