// The tables of people and what they show; types as in schema.ts.

export interface PersonTable {
  readonly name: string;
  /** `ISSUER SUBJECT` of the provider's account that the name belongs to; null where none has used it. */
  readonly account: string | null;
  readonly password_hash: string | null;
  /** JSON list. */
  readonly groups: string;
  readonly own_role: string | null;
  readonly created_at: number;
  readonly created_by: string;
  readonly seen_at: number | null;
}

export interface SessionTable {
  readonly secret_hash: string;
  readonly id: string;
  readonly person: string;
  readonly via: string;
  /** Stands for the password that opened it; null where none did. */
  readonly credential: string | null;
  readonly address: string | null;
  readonly created_at: number;
  readonly seen_at: number;
  readonly expires_at: number;
}

/** What a login that is under way has to be compared with when it comes back, and one-time links. */
export interface LoginAttemptTable {
  readonly secret_hash: string;
  readonly kind: string;
  readonly data: string;
  readonly expires_at: number;
}

export interface ApiTokenTable {
  readonly id: string;
  readonly secret_hash: string;
  readonly name: string;
  readonly person: string;
  /** JSON list. */
  readonly scopes: string;
  readonly created_at: number;
  readonly created_by: string;
  readonly expires_at: number | null;
  readonly used_at: number | null;
  readonly revoked_at: number | null;
  readonly revoked_by: string | null;
}
