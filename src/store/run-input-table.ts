/** Secrets and files that people gave for a run, encrypted; gone when the run has ended. */
export interface RunInputTable {
  readonly run_id: string;
  readonly name: string;
  readonly sealed: Uint8Array;
}
