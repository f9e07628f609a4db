import { readFile } from "node:fs/promises";
import { checkpointFileOf } from "../audit/checkpoint-file.ts";
import { type ReadCheckpoints, readCheckpoints } from "../audit/checkpoint.ts";
import { type AuditKeys, readAuditKeys } from "../audit/keys.ts";
import { type AuditVerdict, verifyLog } from "../audit/verify.ts";
import { formatProblem } from "../platform/problems.ts";
import { auditKeyFiles } from "../settings/audit-keys.ts";
import { loadSettings, type Settings } from "../settings/load.ts";
import { readStoredLog } from "../store/audit-chain.ts";
import { openReadOnly } from "../store/read-only.ts";
import type { Reader } from "../store/store.ts";
import { printable } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";

export interface AuditVerifyOptions {
  readonly configFile: string | null;
  readonly storagePath: string | null;
  /** The service's log in JSON, or a copy of the checkpoints; null for those beside the database. */
  readonly checkpoints: string | null;
  readonly format: "text" | "json";
}

/** A pass of the retention in the middle of a reading makes it worthless; a second one does not follow at once. */
const TRIES_MAX = 3;

/**
 * Verifies the audit log in the database file, also while the service runs; nothing is changed. Resolves with the exit code: 0 when
 * nothing is wrong, 1 with the first record that is, 2 for wrong settings.
 */
export async function auditVerifyCommand(
  options: AuditVerifyOptions,
  programFolder: string,
  output: CommandOutput,
): Promise<number> {
  const { configFile, storagePath } = options;
  const flags = { configFile, storagePath, listenAddress: null, externalUrl: null };
  const loaded = await loadSettings(flags, programFolder);
  if (!loaded.ok) {
    for (const problem of loaded.problems) output.stderr.write(`${formatProblem(problem)}\n`);
    return 2;
  }
  const { settings } = loaded;
  const keys = readAuditKeys(auditKeyFiles(settings));
  // Before the records: what comes meanwhile is in both, or in the records alone.
  const checkpoints = await findCheckpoints(settings, options.checkpoints);
  const store = openReadOnly(settings.storagePath);
  try {
    const verdict = await verify(store.reader, keys, checkpoints);
    output.stdout.write(options.format === "json" ? json(verdict) : text(verdict));
    if (verdict.problem === null && verdict.checkpoints === 0 && verdict.linked > 0)
      output.stderr.write("without a checkpoint nobody can tell whether records are missing at the end\n");
    return verdict.problem === null ? 0 : 1;
  } finally {
    await store.close();
  }
}

async function findCheckpoints(settings: Settings, named: string | null): Promise<ReadCheckpoints> {
  if (named !== null) return readCheckpoints(await readFile(named, "utf8"));
  const file = checkpointFileOf(settings.storagePath);
  const texts = await Promise.all([`${file}.1`, file].map((name) => readFile(name, "utf8").catch(() => "")));
  return readCheckpoints(texts.join(""));
}

async function verify(db: Reader, keys: AuditKeys, checkpoints: ReadCheckpoints): Promise<AuditVerdict> {
  for (let tries = 1; ; tries += 1) {
    const stored = await readStoredLog(db);
    const verdict = await verifyLog(keys, stored, checkpoints);
    if (verdict.problem === null || tries === TRIES_MAX) return verdict;
    const after = await readStoredLog(db);
    if (JSON.stringify(after.cut) === JSON.stringify(stored.cut)) return verdict;
  }
}

function text({ problem, linked, unlinked, checkpoints, lastCheckpoint }: AuditVerdict): string {
  if (problem !== null) return `${printable(problem.message)}\n`;
  const waiting = unlinked === 0 ? "" : `, and ${unlinked} that are not linked yet`;
  const last = lastCheckpoint === null ? "" : `, the last of record ${lastCheckpoint.sequence}`;
  return `${linked} records${waiting} are as they were written; ${checkpoints} checkpoints${last}\n`;
}

function json({ problem, linked, unlinked, checkpoints, lastCheckpoint }: AuditVerdict): string {
  const body = {
    ok: problem === null,
    problem,
    linked,
    unlinked,
    checkpoints,
    last_checkpoint: lastCheckpoint,
  };
  return `${JSON.stringify(body, null, 2)}\n`;
}
