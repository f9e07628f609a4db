import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { parseDurationMs } from "../platform/durations.ts";
import type { ServerFlags } from "./client/flags.ts";
import { readAnswer, withServer } from "./client/run-command.ts";
import { type ServerClient, ServerError } from "./client/server-client.ts";
import { printable, shortTime } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";

const recordSchema = z.looseObject({
  id: z.string(),
  at: z.string(),
  principal: z.string(),
  action: z.string(),
  subject: z.object({ kind: z.string(), id: z.string() }),
  detail: z.record(z.string(), z.unknown()),
  remote_address: z.string().nullable(),
});
type Record = z.output<typeof recordSchema>;
const pageSchema = z.object({ items: z.array(recordSchema), next: z.string().nullable() });

/** What records are narrowed to; null is not asked for. */
export interface AuditQuery {
  readonly principal: string | null;
  readonly action: string | null;
  readonly subject: string | null;
}

export interface AuditTailFlags extends ServerFlags, AuditQuery {
  readonly limit: number;
  readonly isFollowed: boolean;
  /** Ends following. */
  readonly signal?: AbortSignal;
}

const PAGE_MAX = 200;
const FOLLOW_EVERY_MS = 1_000;

/** Prints the newest records, oldest first, and with `-f` those that come, until it is interrupted. */
export function auditTailCommand(flags: AuditTailFlags, output: CommandOutput): Promise<number> {
  return withServer(flags, output, async (client) => {
    const newest = await readNewest(client, flags);
    write(flags, output, newest);
    if (newest.length === 0 && !flags.isFollowed) output.stderr.write("nothing was written down yet\n");
    let after = newest.at(-1)?.id ?? null;
    while (flags.isFollowed && flags.signal?.aborted !== true) {
      await delay(
        FOLLOW_EVERY_MS,
        undefined,
        flags.signal === undefined ? {} : { signal: flags.signal },
      ).catch(() => {});
      for await (const page of eachPage(client, flags, { after })) {
        write(flags, output, page);
        after = page.at(-1)?.id ?? after;
      }
    }
    return 0;
  });
}

export interface AuditExportFlags extends ServerFlags, AuditQuery {
  /** A duration back from now, or an RFC 3339 time; null for everything. */
  readonly since: string | null;
  readonly until: string | null;
}

/** Prints every record as one line of JSON, oldest first. */
export function auditExportCommand(flags: AuditExportFlags, output: CommandOutput): Promise<number> {
  return withServer(flags, output, async (client) => {
    const nowMs = Date.now();
    const times = {
      since: timeOf("--since", flags.since, nowMs),
      until: timeOf("--until", flags.until, nowMs),
    };
    for await (const page of eachPage(client, flags, times))
      for (const record of page) output.stdout.write(`${JSON.stringify(record)}\n`);
    return 0;
  });
}

function timeOf(flag: string, text: string | null, nowMs: number): string | null {
  if (text === null) return null;
  const agoMs = parseDurationMs(text);
  if (agoMs !== undefined) return new Date(nowMs - agoMs).toISOString();
  if (/^\d{4}-\d\d-\d\dT/.test(text)) return text;
  throw new ServerError(
    `${flag} ${text}: write a duration such as 30d, or a time such as 2026-11-23T07:00:00Z`,
    {
      exitCode: 2,
    },
  );
}

async function readNewest(client: ServerClient, flags: AuditTailFlags): Promise<Record[]> {
  const found: Record[] = [];
  let after: string | null = null;
  do {
    const limit = String(Math.min(PAGE_MAX, flags.limit - found.length));
    const page = await readPage(client, flags, { order: "desc", limit, after });
    found.push(...page.items);
    after = page.next;
  } while (after !== null && found.length < flags.limit);
  return found.toReversed();
}

async function* eachPage(
  client: ServerClient,
  query: AuditQuery,
  more: { readonly after?: string | null; readonly since?: string | null; readonly until?: string | null },
): AsyncGenerator<Record[]> {
  let after = more.after ?? null;
  for (;;) {
    const page = await readPage(client, query, { ...more, order: "asc", limit: String(PAGE_MAX), after });
    if (page.items.length > 0) yield page.items;
    if (page.next === null) return;
    after = page.next;
  }
}

async function readPage(
  client: ServerClient,
  { principal, action, subject }: AuditQuery,
  more: Readonly<globalThis.Record<string, string | null>>,
): Promise<z.output<typeof pageSchema>> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ principal, action, subject, ...more }))
    if (value !== null) query.set(name, value);
  return readAnswer(pageSchema, await client.get(`/api/v1/audit?${query.toString()}`));
}

function write(flags: ServerFlags, output: CommandOutput, records: readonly Record[]): void {
  for (const record of records)
    output.stdout.write(flags.format === "json" ? `${JSON.stringify(record)}\n` : `${lineOf(record)}\n`);
}

function lineOf({ at, principal, action, subject, detail, remote_address: address }: Record): string {
  const facts = Object.entries(detail).map(
    ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  const from = address === null ? [] : [`from ${address}`];
  return printable(
    [shortTime(at), principal, action, `${subject.kind}:${subject.id}`, ...facts, ...from].join("  "),
  );
}
