import { compileRunbook } from "../runbooks/load.ts";
import type { Runbook } from "../runbooks/runbook.ts";
import { readRunbookText } from "../store/new-runs.ts";
import type { Run } from "../runs/records.ts";
import type { Reader } from "../store/store.ts";

/** Compiled runbooks by digest. A run executes the text it was planned with, whatever the files say now. */
export type RunbookCache = Map<string, Runbook>;

/** Each entry is a few kilobytes; old texts leave when nothing uses them. */
const RUNBOOKS_MAX = 500;

/** The runbook with this digest. Throws when its text is gone, or no longer compiles under this version. */
export async function compiledRunbook(db: Reader, cache: RunbookCache, digest: string): Promise<Runbook> {
  const known = cache.get(digest);
  if (known !== undefined) return known;
  const stored = await readRunbookText(db, digest);
  if (stored === null) throw new Error(`the runbook with digest ${digest} is not in the database`);
  const runbook = compileRunbook(stored.text, stored.file);
  if (cache.size >= RUNBOOKS_MAX) cache.delete(cache.keys().next().value ?? "");
  cache.set(digest, runbook);
  return runbook;
}

/** The runbook of a run and those that it calls, by their digest, as they were planned. Throws as {@link compiledRunbook} does. */
export async function plannedRunbooks(
  db: Reader,
  cache: RunbookCache,
  run: Pick<Run, "plan" | "runbookDigest">,
): Promise<{ readonly runbook: Runbook; readonly called: ReadonlyMap<string, Runbook> }> {
  const runbook = await compiledRunbook(db, cache, run.runbookDigest);
  const called = new Map<string, Runbook>();
  for (const { digest } of Object.values(run.plan.calls).map((call) => call.runbook))
    called.set(digest, await compiledRunbook(db, cache, digest));
  return { runbook, called };
}
