import { newId } from "../platform/ids.ts";
import { cappedJson } from "./capped-json.ts";
import type { AuditEntry } from "./entry.ts";
import { type AuditKey, type AuditKeys, sign } from "./keys.ts";
import type { AuditRow } from "./row.ts";

/** Names of principals and subjects come from people's requests, too. */
const NAME_CHARS_MAX = 300;

/** The entry as a row that is not linked yet. Whatever is secret has been taken out of the entry before. */
export function signRow(keys: AuditKeys, entry: AuditEntry): AuditRow {
  const { by, subject } = entry;
  const row = {
    id: newId(),
    at: entry.atMs,
    principal: storable(by.principal),
    action: entry.action,
    subject_kind: subject.kind,
    subject_id: storable(subject.id),
    detail: cappedJson(entry.detail),
    via: by.via === null ? null : storable(by.via),
    remote_address: by.remoteAddress === null ? null : storable(by.remoteAddress),
    key_id: keys.current.id,
  };
  return { ...row, mac: macOf(keys.current, row), sequence: null, hash: null };
}

/** What a row's `mac` has to be. */
export function macOf(key: AuditKey, row: Omit<AuditRow, "mac" | "sequence" | "hash">): string {
  return sign(key, "audit row", [
    row.id,
    row.at,
    row.principal,
    row.action,
    row.subject_kind,
    row.subject_id,
    row.detail,
    row.via,
    row.remote_address,
    row.key_id,
  ]);
}

/** As both databases give it back: without U+0000, which PostgreSQL refuses, and without halves of characters. */
function storable(text: string): string {
  return text.slice(0, NAME_CHARS_MAX).replaceAll("\0", "\ufffd").toWellFormed();
}
