// The tables of evidence, bundles and the archive; types as in schema.ts.

export interface ArtifactTable {
  readonly run_id: string;
  readonly path: string;
  readonly step_id: string | null;
  readonly host: string | null;
  readonly bytes: number;
  readonly sha256: string;
  readonly content_type: string;
  readonly is_truncated: number;
  readonly is_changed: number;
  readonly is_sensitive: number;
  readonly redactions: number | null;
}

export interface RunProblemTable {
  readonly id: string;
  readonly run_id: string;
  readonly step_id: string;
  readonly path: string;
  readonly message: string;
}

export interface BundleTable {
  readonly run_id: string;
  readonly revision: number;
  readonly file_name: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly sealed_at: number;
}

/** Bundles of whole alerts, made when somebody asked; one for each state of the alert and its runs. */
export interface AlertBundleTable {
  readonly episode_id: string;
  /** Of everything that such a bundle depends on. */
  readonly facts_digest: string;
  readonly file_name: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly made_at: number;
}

/** Files that are to be removed: `run/ID` for all of a run, `bundle/SHA256` for a bundle. */
export interface ArchiveRemovalTable {
  readonly name: string;
  readonly at: number;
}
