/** One row as the database has it. Times are milliseconds since 1970. */
export interface AuditRow {
  readonly id: string;
  readonly at: number;
  readonly principal: string;
  readonly action: string;
  readonly subject_kind: string;
  readonly subject_id: string;
  /** JSON text: what was signed is this text, not its meaning. */
  readonly detail: string;
  readonly via: string | null;
  readonly remote_address: string | null;
  /** Which key signed it. */
  readonly key_id: string;
  /** HMAC-SHA-256 over everything above, in lower-case hexadecimal. */
  readonly mac: string;
  /** Its place in the chain, from 1; null until it is linked. */
  readonly sequence: number | null;
  /** The chain's hash after this row; null until it is linked. */
  readonly hash: string | null;
}
