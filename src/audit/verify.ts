import { type ChainCut, type ChainHead, EMPTY_CHAIN, isGenuineCut, linkOf } from "./chain.ts";
import { type FoundCheckpoint, isGenuineCheckpoint, type ReadCheckpoints } from "./checkpoint.ts";
import type { AuditKeys } from "./keys.ts";
import type { AuditRow } from "./row.ts";
import { macOf } from "./sign-row.ts";

/** The log as it is stored. Nothing of it is believed. */
export interface StoredLog {
  /** Null before the first removal; `missing` where its row is not there. */
  readonly cut: ChainCut | null | "missing";
  /** In the order of their sequences, then of their ids. */
  readonly linked: AsyncIterable<AuditRow>;
  /** Those that no sealer has seen yet. */
  readonly unlinked: AsyncIterable<AuditRow>;
}

/** The first thing that is wrong. */
export interface AuditProblem {
  /** The record's place; null where it has none. */
  readonly sequence: number | null;
  readonly id: string | null;
  readonly message: string;
}

export interface AuditVerdict {
  /** Null when nothing is wrong. */
  readonly problem: AuditProblem | null;
  /** What was looked at until then. */
  readonly linked: number;
  readonly unlinked: number;
  readonly checkpoints: number;
  /** Of the newest checkpoint; null without any. */
  readonly lastCheckpoint: { readonly sequence: number; readonly at: string } | null;
}

/**
 * Looks at every record: whether it is as it was written, whether it stands where it stood, and whether the log has all that its
 * checkpoints say. Without a checkpoint, records that are missing at the end cannot be noticed.
 */
export async function verifyLog(
  keys: AuditKeys,
  log: StoredLog,
  checkpoints: ReadCheckpoints,
): Promise<AuditVerdict> {
  const counts = { linked: 0, unlinked: 0 };
  const verdict = (problem: AuditProblem | null): AuditVerdict => {
    const newest = newestOf(checkpoints.found);
    const lastCheckpoint = newest === null ? null : { sequence: newest.sequence, at: newest.at };
    return { problem, ...counts, checkpoints: checkpoints.found.length, lastCheckpoint };
  };
  const outside = checkpointProblem(keys, checkpoints) ?? cutProblem(keys, log.cut);
  if (outside !== null) return verdict(outside);
  const bySequence = new Map(checkpoints.found.map((found) => [found.checkpoint.sequence, found]));
  let head: ChainHead = log.cut === null || log.cut === "missing" ? EMPTY_CHAIN : log.cut;
  for await (const row of log.linked) {
    const problem =
      placeProblem(head, row) ?? contentProblem(keys, row) ?? linkProblem(keys, head, row, bySequence);
    if (problem !== null) return verdict(problem);
    head = { sequence: head.sequence + 1, hash: row.hash ?? "" };
    counts.linked += 1;
  }
  const cutTail = endProblem(head, checkpoints.found);
  if (cutTail !== null) return verdict(cutTail);
  for await (const row of log.unlinked) {
    const problem = contentProblem(keys, row) ?? strayHashProblem(row);
    if (problem !== null) return verdict(problem);
    counts.unlinked += 1;
  }
  return verdict(null);
}

function newestOf(found: readonly FoundCheckpoint[]): FoundCheckpoint["checkpoint"] | null {
  return found.reduce<FoundCheckpoint["checkpoint"] | null>(
    (newest, { checkpoint }) =>
      newest === null || checkpoint.sequence > newest.sequence ? checkpoint : newest,
    null,
  );
}

function checkpointProblem(keys: AuditKeys, { found, badLine }: ReadCheckpoints): AuditProblem | null {
  if (badLine !== null) return other(`line ${badLine} of the checkpoints is no checkpoint`);
  const forged = found.find(({ checkpoint }) => !isGenuineCheckpoint(keys, checkpoint));
  if (forged === undefined) return null;
  const { line, checkpoint } = forged;
  return other(
    keys.byId.has(checkpoint.key)
      ? `the checkpoint in line ${line}, of record ${checkpoint.sequence}, was changed or forged`
      : `the checkpoint in line ${line} was signed with the key ${checkpoint.key}, which is not here; name it under keys.previous`,
  );
}

function cutProblem(keys: AuditKeys, cut: StoredLog["cut"]): AuditProblem | null {
  if (cut === null) return null;
  if (cut === "missing") return other("the row that says where the log begins is missing, or was changed");
  if (isGenuineCut(keys, cut)) return null;
  return other(
    keys.byId.has(cut.keyId)
      ? `what says that records up to ${cut.sequence} were removed because of their age was changed or forged`
      : `what says that records up to ${cut.sequence} were removed was signed with the key ${cut.keyId}, which is not here; name it under keys.previous`,
  );
}

/** Whether it is the next one. */
function placeProblem(head: ChainHead, row: AuditRow): AuditProblem | null {
  const expected = head.sequence + 1;
  if (row.sequence === expected) return null;
  const { sequence } = row;
  if (typeof sequence === "number" && Number.isInteger(sequence) && sequence > expected) {
    const last = sequence - 1;
    const which = last === expected ? `record ${expected} is` : `records ${expected} to ${last} are`;
    return { sequence: expected, id: null, message: `${which} missing` };
  }
  return { sequence: expected, id: row.id, message: `${describe(row)} has no place of its own in the log` };
}

/** Whether it is as it was written. */
function contentProblem(keys: AuditKeys, row: AuditRow): AuditProblem | null {
  const key = keys.byId.get(row.key_id);
  const at = { sequence: row.sequence, id: row.id };
  if (key === undefined)
    return {
      ...at,
      message: `${describe(row)} was signed with the key ${row.key_id}, which is not here; name it under keys.previous`,
    };
  return macOf(key, row) === row.mac ? null : { ...at, message: `${describe(row)} was changed or forged` };
}

/** A record gets its place and its hash at once. */
function strayHashProblem(row: AuditRow): AuditProblem | null {
  if (row.hash === null) return null;
  return { sequence: null, id: row.id, message: `${describe(row)} has lost its place` };
}

/** Whether it follows what is before it, and the log was the same when a checkpoint was made of it. */
function linkProblem(
  keys: AuditKeys,
  head: ChainHead,
  row: AuditRow,
  checkpoints: ReadonlyMap<number, FoundCheckpoint>,
): AuditProblem | null {
  const at = { sequence: row.sequence, id: row.id };
  if (![...keys.byId.values()].some((key) => linkOf(key, head, row.mac) === row.hash))
    return { ...at, message: `${describe(row)} does not follow what stands before it` };
  const checkpoint = checkpoints.get(head.sequence + 1);
  if (checkpoint === undefined || checkpoint.checkpoint.head === row.hash) return null;
  return {
    ...at,
    message: `${describe(row)} is another one than when the checkpoint in line ${checkpoint.line} was made`,
  };
}

function endProblem({ sequence }: ChainHead, found: readonly FoundCheckpoint[]): AuditProblem | null {
  const newest = newestOf(found);
  if (newest === null || newest.sequence <= sequence) return null;
  const message = `records ${sequence + 1} to ${newest.sequence} are missing at the end: they were there at ${newest.at}`;
  return { sequence: sequence + 1, id: null, message };
}

function describe({ sequence, id, action, principal, at }: AuditRow): string {
  const time = new Date(at);
  const when = Number.isNaN(time.getTime()) ? "an impossible time" : time.toISOString();
  const what = sequence === null ? `the record ${id}, which is not linked yet,` : `record ${sequence}`;
  return `${what} (${action} by ${principal} at ${when})`;
}

function other(message: string): AuditProblem {
  return { sequence: null, id: null, message };
}
