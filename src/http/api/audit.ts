import type { Response } from "express";
import { z } from "zod";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { AUDIT_ACTIONS, AUDIT_SUBJECTS } from "../../audit/entry.ts";
import type { AuditRow } from "../../audit/row.ts";
import { type AuditFilter, listAudit } from "../../store/audit.ts";
import type { Reader, Store } from "../../store/store.ts";
import { ApiRoutes, may, mayOfRun } from "../routes.ts";
import { rfc3339 } from "../times.ts";
import { type Page, pageKeys, pageQuery, textParameter, timeParameter, wordParameter } from "./query.ts";
import { findRun } from "./runs.ts";
import { anythingSchema, countSchema, idSchema, listOf, type Shape, timeSchema } from "./shapes/common.ts";
import { principalSchema } from "./shapes/words.ts";

/** Records of one query of an export: short enough that others are answered in between. */
const EXPORT_PAGE = 500;

const auditSchema = z
  .object({
    id: idSchema,
    at: timeSchema,
    principal: principalSchema,
    action: z.string(),
    subject: z.object({ kind: z.string(), id: z.string() }),
    detail: anythingSchema,
    via: z.string().nullable(),
    remote_address: z.string().nullable(),
    sequence: countSchema.nullable(),
    hash: z.string().nullable(),
    mac: z.string(),
    key: z.string(),
  })
  .meta({ id: "AuditRecord" });

const filterKeys = {
  principal: textParameter("Only what this principal did, such as `user:dana`."),
  action: wordParameter(AUDIT_ACTIONS, "Only this."),
  subject: z
    .string()
    .max(300, "is a text of at most 300 characters")
    .refine(isSubject, `is one of ${AUDIT_SUBJECTS.join(", ")}, as KIND or KIND:ID`)
    .nullable()
    .default(null)
    .meta({
      means: { type: "string" },
      description: "Only about this: `run:ID` and the like, or a kind alone.",
    }),
  since: timeParameter("Only from this time on."),
  until: timeParameter("Only before this time."),
};
const listQuery = z.strictObject({
  ...pageKeys(),
  ...filterKeys,
  order: wordParameter(["asc", "desc"], "`asc`: oldest first, for whoever follows the log."),
});
const exportQuery = z.strictObject(filterKeys);
const listFacts = {
  id: "listAudit",
  summary: "Who changed what, newest first",
  query: listQuery,
  answers: { 200: listOf(auditSchema) },
};
const exportFacts = {
  id: "exportAudit",
  summary: "Everything at once, oldest first, one record a line",
  query: exportQuery,
  answers: {
    200: {
      kind: "media",
      mediaTypes: ["application/jsonl"],
      description: "One record a line.",
      item: auditSchema,
    },
  },
} as const;
const ofRunFacts = {
  id: "listRunAudit",
  summary: "What was done to a run, oldest first",
  query: pageQuery,
  answers: { 200: listOf(auditSchema) },
};

/** Who changed what: lists, everything at once as JSON lines, and what was done to one run. */
export function auditRoutes({ store }: { readonly store: Store }): ApiRoutes {
  const { reader } = store;
  const routes = new ApiRoutes("Audit");
  routes.get("/audit", may("administer"), listFacts, (_request, response, { query }) =>
    sendPage(reader, response, filterOf(query), { ...query, order: query.order ?? "desc" }),
  );
  routes.get("/audit/export", may("administer"), exportFacts, (_request, response, { query }) =>
    sendExport(reader, filterOf(query), response),
  );
  routes.get(
    "/runs/:id/audit",
    mayOfRun("read_evidence"),
    ofRunFacts,
    async (request, response, { query }) => {
      const { id } = await findRun(store, request);
      const all = { principal: null, action: null, since: null, until: null };
      await sendPage(reader, response, filterOf({ ...all, subject: `run:${id}` }), {
        ...query,
        order: "asc",
      });
    },
  );
  return routes;
}

async function sendPage(
  db: Reader,
  response: Response,
  filter: AuditFilter,
  { limit, after, order }: Page & { readonly order: "asc" | "desc" },
): Promise<void> {
  const rows = await listAudit(db, filter, { order, limit: limit + 1, after });
  const shown = rows.slice(0, limit);
  response.json({
    items: shown.map(auditShape),
    next: rows.length > limit ? (shown.at(-1)?.id ?? null) : null,
  });
}

/** Oldest first, one record a line, read as fast as the client takes it. */
async function sendExport(db: Reader, filter: AuditFilter, response: Response): Promise<void> {
  const lines = exportLines(db, filter);
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

function filterOf({ principal, action, subject, since, until }: z.output<typeof exportQuery>): AuditFilter {
  const [kind = null, ...id] = subject?.split(":") ?? [];
  return {
    principal,
    action,
    subjectKind: kind,
    subjectId: id.length === 0 ? null : id.join(":"),
    sinceMs: since,
    untilMs: until,
  };
}

/** `run:ID` and the like, or a kind alone. */
function isSubject(text: string): boolean {
  const [name] = text.split(":");
  return AUDIT_SUBJECTS.some((kind) => kind === name) && !text.includes("\0");
}

function auditShape(row: AuditRow): Shape<typeof auditSchema> {
  return {
    id: row.id,
    at: rfc3339(row.at),
    principal: row.principal,
    action: row.action,
    subject: { kind: row.subject_kind, id: row.subject_id },
    detail: JSON.parse(row.detail) as Record<string, unknown>,
    via: row.via,
    remote_address: row.remote_address,
    sequence: row.sequence,
    hash: row.hash,
    mac: row.mac,
    key: row.key_id,
  };
}
