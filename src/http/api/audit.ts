import type { Request, Response } from "express";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseTimestampMs } from "../../alerts/timestamps.ts";
import { AUDIT_ACTIONS, AUDIT_SUBJECTS } from "../../audit/entry.ts";
import type { AuditRow } from "../../audit/row.ts";
import { type AuditFilter, listAudit, readRunAudit } from "../../store/audit.ts";
import type { Reader, Store } from "../../store/store.ts";
import { HttpProblem } from "../problems.ts";
import { may, mayOfRun, Routes } from "../routes.ts";
import { rfc3339 } from "../times.ts";
import { readPage } from "./paging.ts";
import { findRun } from "./runs.ts";

/** Records of one query of an export: short enough that others are answered in between. */
const EXPORT_PAGE = 500;

/** Who changed what: lists, everything at once as JSON lines, and what was done to one run. */
export function auditRoutes({ store }: { readonly store: Store }): Routes {
  const routes = new Routes();
  routes.get("/audit", may("administer"), (request, response) => sendAudit(store.reader, request, response));
  routes.get("/audit/export", may("administer"), (request, response) =>
    sendExport(store.reader, request, response),
  );
  routes.get("/runs/:id/audit", mayOfRun("read_evidence"), async (request, response) => {
    const { id } = await findRun(store, request);
    const rows = await readRunAudit(store.reader, id, Number.MAX_SAFE_INTEGER);
    response.json({ items: rows.map(auditShape), next: null });
  });
  return routes;
}

/** Newest first; with `?order=asc` oldest first, for whoever follows the log. */
async function sendAudit(db: Reader, request: Request, response: Response): Promise<void> {
  const { limit, after } = readPage(request);
  const order = oneOf(request, "order", ["asc", "desc"]) ?? "desc";
  const rows = await listAudit(db, readFilter(request), { order, limit: limit + 1, after });
  const shown = rows.slice(0, limit);
  response.json({
    items: shown.map(auditShape),
    next: rows.length > limit ? (shown.at(-1)?.id ?? null) : null,
  });
}

/** Oldest first, one record a line, read as fast as the client takes it. */
async function sendExport(db: Reader, request: Request, response: Response): Promise<void> {
  const lines = exportLines(db, readFilter(request));
  response.set({
    "content-type": "application/jsonl; charset=utf-8",
    "content-disposition": 'attachment; filename="nightshift-audit.jsonl"',
    "cache-control": "no-store",
  });
  // A client that goes away in the middle is no error of ours.
  await pipeline(Readable.from(lines), response).catch((error: unknown) => {
    if (!response.destroyed) throw error;
  });
}

async function* exportLines(db: Reader, filter: AuditFilter): AsyncGenerator<string> {
  let after: string | null = null;
  for (;;) {
    const rows: readonly AuditRow[] = await listAudit(db, filter, {
      order: "asc",
      limit: EXPORT_PAGE,
      after,
    });
    yield rows.map((row) => `${JSON.stringify(auditShape(row))}\n`).join("");
    after = rows.at(-1)?.id ?? null;
    if (rows.length < EXPORT_PAGE) return;
  }
}

function readFilter(request: Request): AuditFilter {
  const { kind, id } = readSubject(request);
  return {
    principal: text(request, "principal"),
    action: oneOf(request, "action", AUDIT_ACTIONS),
    subjectKind: kind,
    subjectId: id,
    sinceMs: time(request, "since"),
    untilMs: time(request, "until"),
  };
}

/** `run:ID` and the like, or a kind alone. */
function readSubject(request: Request): { readonly kind: string | null; readonly id: string | null } {
  const subject = text(request, "subject");
  if (subject === null) return { kind: null, id: null };
  const colon = subject.indexOf(":");
  const name = colon < 0 ? subject : subject.slice(0, colon);
  const kind = AUDIT_SUBJECTS.find((candidate) => candidate === name);
  if (kind === undefined)
    throw badRequest(`subject is one of ${AUDIT_SUBJECTS.join(", ")}, as KIND or KIND:ID`);
  return { kind, id: colon < 0 ? null : subject.slice(colon + 1) };
}

const TEXT_CHARS_MAX = 300;

function text(request: Request, name: string): string | null {
  const value = request.query[name];
  if (value === undefined) return null;
  if (typeof value !== "string" || value.length > TEXT_CHARS_MAX || value.includes("\0"))
    throw badRequest(`${name} is one text of at most ${TEXT_CHARS_MAX} characters`);
  return value;
}

function oneOf<Value extends string>(request: Request, name: string, values: readonly Value[]): Value | null {
  const value = text(request, name);
  if (value === null) return null;
  const known = values.find((candidate) => candidate === value);
  if (known === undefined) throw badRequest(`${name} is one of ${values.join(", ")}`);
  return known;
}

function time(request: Request, name: string): number | null {
  const value = text(request, name);
  if (value === null) return null;
  const timeMs = parseTimestampMs(value);
  if (timeMs === undefined) throw badRequest(`${name} is an RFC 3339 time, such as 2026-11-23T07:00:00Z`);
  return timeMs;
}

function badRequest(detail: string): HttpProblem {
  return new HttpProblem(400, "Bad request", detail);
}

function auditShape(row: AuditRow): Record<string, unknown> {
  return {
    id: row.id,
    at: rfc3339(row.at),
    principal: row.principal,
    action: row.action,
    subject: { kind: row.subject_kind, id: row.subject_id },
    detail: JSON.parse(row.detail) as unknown,
    via: row.via,
    remote_address: row.remote_address,
    sequence: row.sequence,
    hash: row.hash,
    mac: row.mac,
    key: row.key_id,
  };
}
