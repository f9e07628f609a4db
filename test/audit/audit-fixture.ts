import type { Checkpoint } from "../../src/audit/checkpoint.ts";
import type { CheckpointFile } from "../../src/audit/checkpoint-file.ts";
import type { AuditEntry } from "../../src/audit/entry.ts";
import { type AuditKeys, createAuditKeys } from "../../src/audit/keys.ts";
import { type AuditVerdict, verifyLog } from "../../src/audit/verify.ts";
import { addAudit } from "../../src/engine/audit.ts";
import { AuditSealer } from "../../src/engine/audit-sealer.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { createLog, type Log } from "../../src/platform/log.ts";
import { createRedaction } from "../../src/redaction/redaction.ts";
import { readStoredLog } from "../../src/store/audit-chain.ts";
import type { Reader, Store } from "../../src/store/store.ts";

export const AUDIT_KEYS = createAuditKeys([Buffer.alloc(32, 1)]);
export const OTHER_KEYS = createAuditKeys([Buffer.alloc(32, 2)]);

export const SILENT = createLog({ level: "silent", format: "json" });
const redaction = createRedaction({ known: [], own: [], onRedacted: () => {} });

/** A log on a store, with its sealer, which works only when it is asked to. */
export interface TestLog {
  readonly sealer: AuditSealer;
  /** Newest last. */
  readonly checkpoints: Checkpoint[];
  add(...entries: readonly Partial<AuditEntry>[]): Promise<void>;
  seal(): Promise<number>;
  verify(options?: {
    readonly checkpoints?: readonly Checkpoint[];
    readonly keys?: AuditKeys;
    readonly db?: Reader;
  }): Promise<AuditVerdict>;
}

export function entry(parts: Partial<AuditEntry> = {}): AuditEntry {
  return {
    atMs: 1_000_000,
    by: { principal: "user:dana", via: "session:1", remoteAddress: "10.0.0.7" },
    action: "run.cancel",
    subject: { kind: "run", id: "0199aaaa-0000-7000-8000-000000000000" },
    detail: { runbook: "restart-web" },
    ...parts,
  };
}

export function openLog(store: Store, keys = AUDIT_KEYS, log: Log = SILENT): TestLog {
  const checkpoints: Checkpoint[] = [];
  const file: CheckpointFile = {
    append: async (checkpoint) => void checkpoints.push(checkpoint),
    readLast: async () => checkpoints.at(-1) ?? null,
  };
  const parts = { store, auditKeys: keys, redaction };
  const sealer = new AuditSealer({ ...parts, auditCheckpoints: file, clock: systemClock, log });
  return {
    sealer,
    checkpoints,
    add: (...entries) => store.transaction((tx) => addAudit(tx, parts, ...entries.map(entry))),
    seal: () => sealer.seal(),
    verify: async (options = {}) => {
      const found = (options.checkpoints ?? checkpoints).map((checkpoint, index) => ({
        line: index + 1,
        checkpoint,
      }));
      const stored = await readStoredLog(options.db ?? store.reader);
      return verifyLog(options.keys ?? keys, stored, { found, badLine: null });
    },
  };
}
