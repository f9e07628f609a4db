export const OUTPUT_FORMATS = ["text", "json"] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** What every command that talks to a server is told. */
export interface ServerFlags {
  /** Null for the one of the environment, else the one on this machine. */
  readonly server: string | null;
  readonly format: OutputFormat;
}
