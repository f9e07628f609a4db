import type { Store } from "../../src/store/store.ts";
import type { GuardFacts } from "./guards-check.ts";

/** Everything that the database says about starts. */
export async function readGuardFacts({ reader }: Store): Promise<GuardFacts> {
  const runs = await reader.selectFrom("run").selectAll().execute();
  const hosts = Map.groupBy(await reader.selectFrom("run_host").selectAll().execute(), (row) => row.run_id);
  const pauses = await reader.selectFrom("pause").selectAll().execute();
  const decisions = await reader.selectFrom("decision").select(["id", "kind", "reason", "detail"]).execute();
  const locks = await reader.selectFrom("run_lock").select("name").execute();
  return {
    runs: runs.map((row) => ({
      id: row.id,
      rule: row.rule ?? "",
      runbook: row.runbook,
      episodeId: row.episode_id ?? "",
      groupId: row.group_id,
      groupKey: row.group_key,
      state: row.state,
      createdAtMs: row.created_at,
      startedAtMs: row.started_at,
      finishedAtMs: row.finished_at,
      hosts: (hosts.get(row.id) ?? []).map((host) => ({ name: host.host, changedAtMs: host.changed_at })),
    })),
    pauses: pauses.map((row) => ({
      scope: row.scope,
      fromMs: row.created_at,
      untilMs: Math.min(row.until, row.removed_at ?? row.until),
    })),
    decisions: decisions.map((row) => ({
      id: row.id,
      kind: row.kind,
      reason: row.reason,
      retryAt: retryAtOf(row.detail),
    })),
    locks: locks.map((row) => row.name),
  };
}

function retryAtOf(detail: string): string | null {
  const parsed: unknown = JSON.parse(detail);
  const found =
    typeof parsed === "object" && parsed !== null && "retry_at" in parsed ? parsed.retry_at : null;
  return typeof found === "string" ? found : null;
}
