import type { Actor, AuditAction, AuditEntry } from "../audit/entry.ts";
import { signRow } from "../audit/sign-row.ts";
import { insertAuditRows } from "../store/audit.ts";
import type { Tx } from "../store/store.ts";
import type { EngineDependencies } from "./dependencies.ts";

/** What the audit log needs of a node. */
export type AuditDependencies = Pick<EngineDependencies, "store" | "auditKeys" | "redaction">;

/**
 * Writes down what somebody did, in the transaction that does it: both are stored, or neither. Takes what is secret out of the detail.
 * Only for what is done for the first time: a repeat that changes nothing is no entry.
 */
export async function addAudit(
  tx: Tx,
  { store, auditKeys, redaction }: AuditDependencies,
  ...entries: readonly AuditEntry[]
): Promise<void> {
  const rows = entries.map((entry) => {
    const detail = redaction.json(entry.detail) as Record<string, unknown>;
    const subject = { ...entry.subject, id: redaction.text(entry.subject.id) };
    return signRow(auditKeys, { ...entry, subject, detail });
  });
  await insertAuditRows(tx, store.dialect, rows);
}

/** The same for many entries at once whose details hold only names and digests of the configuration: nothing is searched for secrets. */
export async function addPlainAudit(
  tx: Tx,
  { store, auditKeys }: Pick<AuditDependencies, "store" | "auditKeys">,
  entries: readonly AuditEntry[],
): Promise<void> {
  await insertAuditRows(
    tx,
    store.dialect,
    entries.map((entry) => signRow(auditKeys, entry)),
  );
}

/** That another configuration is in use. It is in use already: what cannot be written down is logged. */
export async function noteConfiguration(
  dependencies: AuditDependencies & Pick<EngineDependencies, "log">,
  by: Actor,
  action: AuditAction,
  detail: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { store, log } = dependencies;
  const subject = { kind: "service", id: "configuration" } as const;
  try {
    await store.transaction(async (tx) =>
      addAudit(tx, dependencies, { atMs: await store.nowMs(tx), by, action, subject, detail }),
    );
  } catch (error) {
    log.error({ error, action, principal: by.principal }, "a change is missing in the audit log");
  }
}
