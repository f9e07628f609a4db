import { inParts, insertRows, rowShape } from "./rows.ts";
import type { Reader, Tx } from "./store.ts";

// The hosts that runs may change: for budgets, and to notice remedies that cause the next alert.

export interface RunHost {
  readonly runId: string;
  readonly host: string;
  readonly rule: string | null;
  readonly atMs: number;
  /** The run that changed the host shortly before this run's alert opened; null when none did. */
  readonly afterRun: string | null;
}

const shape = rowShape("run_host", ["run_id", "host", "rule", "at", "after_run"]);

export async function insertRunHosts(
  tx: Tx,
  dialect: "sqlite" | "postgres",
  hosts: readonly RunHost[],
): Promise<void> {
  const rows = hosts.map((it) => [it.runId, it.host, it.rule, it.atMs, it.afterRun]);
  await insertRows(tx, dialect, shape, rows);
}

/** A change step of the run begins on the host. */
export async function noteHostChange(tx: Tx, runId: string, host: string, atMs: number): Promise<void> {
  await tx
    .updateTable("run_host")
    .set({ changed_at: atMs })
    .where("run_id", "=", runId)
    .where("host", "=", host)
    .execute();
}

/** Runs that ended without having changed anything do not count. */
const LIVE = ["queued", "waiting_person", "running"] as const;

/** How many runs of a rule were started on each of these hosts since; hosts without any are absent. */
export async function countStartsOnHosts(
  db: Reader,
  rule: string,
  hosts: readonly string[],
  sinceMs: number,
): Promise<Map<string, number>> {
  const rows = await inParts(hosts, (part) =>
    db
      .selectFrom("run_host")
      .innerJoin("run", "run.id", "run_host.run_id")
      .select("run_host.host")
      .select((it) => it.fn.count("run_host.run_id").distinct().as("count"))
      .where("run_host.host", "in", part)
      .where("run_host.at", ">", sinceMs)
      .where("run_host.rule", "=", rule)
      .where((where) =>
        where.or([where("run_host.changed_at", "is not", null), where("run.state", "in", LIVE)]),
      )
      .groupBy("run_host.host")
      .execute(),
  );
  return new Map(rows.map((row) => [row.host, Number(row.count)]));
}

/** Which of these hosts anyone changed since, or is about to change: a run that waits for its turn has its share of a budget. */
export async function readChangedHosts(
  db: Reader,
  hosts: readonly string[],
  sinceMs: number,
  exceptRunId: string | null,
): Promise<string[]> {
  const rows = await inParts(hosts, async (part) => {
    // In two, since as one it walks through every run that these hosts ever had.
    const changed = db
      .selectFrom("run_host")
      .select("host")
      .distinct()
      .where("host", "in", part)
      .where("changed_at", ">", sinceMs);
    // Also of a run that changed it before: it may change it once more.
    const live = db
      .selectFrom("run_host")
      .select("host")
      .distinct()
      .where("run_id", "in", (runs) =>
        runs.selectFrom("run").select("run.id").where("run.state", "in", ["queued", "running"]),
      )
      .where((where) => where.fn.coalesce("host", where.val("")), "in", part);
    const queries = [changed, live].map((query) =>
      exceptRunId === null ? query : query.where("run_id", "<>", exceptRunId),
    );
    return (await Promise.all(queries.map((query) => query.execute()))).flat();
  });
  return [...new Set(rows.map((row) => row.host))];
}

/** The newest run that changed one of these hosts between two times; null when none did. */
export async function findLastChange(
  db: Reader,
  host: string,
  fromMs: number,
  toMs: number,
): Promise<string | null> {
  const row = await db
    .selectFrom("run_host")
    .select("run_id")
    .where("host", "=", host)
    .where("changed_at", ">=", fromMs)
    .where("changed_at", "<=", toMs)
    .orderBy("changed_at", "desc")
    .limit(1)
    .executeTakeFirst();
  return row?.run_id ?? null;
}

/** A remedy that causes an alert whose remedy causes an alert: no honest chain is longer. */
const CHAIN_MAX = 10;

/** The rules of the runs that led to an alert on the host, newest first, beginning with this run. */
export async function readChain(db: Reader, host: string, runId: string | null): Promise<string[]> {
  const rules: string[] = [];
  let next = runId;
  while (next !== null && rules.length < CHAIN_MAX) {
    const row: { rule: string | null; after_run: string | null } | undefined = await db
      .selectFrom("run_host")
      .select(["rule", "after_run"])
      .where("run_id", "=", next)
      .where("host", "=", host)
      .executeTakeFirst();
    if (row === undefined) break;
    if (row.rule !== null) rules.push(row.rule);
    next = row.after_run;
  }
  return rules;
}
