import type { GuardedConfiguration, GuardsSpec } from "./guards-rules.ts";

/** One run as the database has it at the end. */
export interface RunFact {
  readonly id: string;
  readonly rule: string;
  readonly runbook: string;
  readonly episodeId: string;
  readonly groupId: string | null;
  readonly groupKey: string | null;
  readonly state: string;
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
  readonly hosts: readonly { readonly name: string; readonly changedAtMs: number | null }[];
}

export interface PauseFact {
  readonly scope: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface DecisionFact {
  readonly id: string;
  readonly kind: string;
  readonly reason: string | null;
  readonly retryAt: string | null;
}

export interface GuardFacts {
  readonly runs: readonly RunFact[];
  readonly pauses: readonly PauseFact[];
  readonly decisions: readonly DecisionFact[];
  /** Names of locks that are still taken or wanted. */
  readonly locks: readonly string[];
}

/** A run that began; one that never did holds and counts nothing in the end. */
type Begun = RunFact & { readonly startedAtMs: number };

/** Every way in which the facts break a guard, as lines that begin with the guard's name. */
export function findExceeded(configuration: GuardedConfiguration, facts: GuardFacts): string[] {
  const begun = facts.runs.filter((run): run is Begun => run.startedAtMs !== null);
  const checked = { configuration, begun };
  return [
    ...checkRates(configuration, facts.runs),
    ...checkConcurrency(checked),
    ...checkLocks(checked),
    ...checkBudgets(checked),
    ...checkCooldowns(checked),
    ...checkPauses(checked, facts.pauses),
    ...checkSingleStarts(checked),
    ...checkDecisions(facts.decisions),
    ...facts.runs
      .filter((run) => run.finishedAtMs === null)
      .map((run) => `unfinished: ${run.id} ${run.state}`),
    ...facts.locks.map((name) => `left: lock ${name}`),
  ];
}

interface Checked {
  readonly configuration: GuardedConfiguration;
  readonly begun: readonly Begun[];
}

function specs({ rules, runbooks }: GuardedConfiguration) {
  return [
    ...rules.map((spec) => ({ spec, of: "rule" as const })),
    ...runbooks.map((spec) => ({ spec, of: "runbook" as const })),
  ];
}

const NEVER_BEGAN = new Set(["cancelled", "rejected", "timed_out"]);

function checkRates(configuration: GuardedConfiguration, runs: readonly RunFact[]): string[] {
  return specs(configuration).flatMap(({ spec, of }) => {
    const { rate, name } = spec;
    if (rate === undefined) return [];
    const starts = runs
      .filter((run) => run[of] === name && (run.startedAtMs !== null || !NEVER_BEGAN.has(run.state)))
      .map((run) => run.createdAtMs)
      .toSorted((left, right) => left - right);
    return starts.flatMap((atMs, index) => {
      const first = starts[index - rate.max];
      return first === undefined || atMs - first >= rate.perMs
        ? []
        : [`rate_limit: ${of} ${name} started ${rate.max + 1} times in ${atMs - first} ms, from ${first}`];
    });
  });
}

function checkConcurrency({ configuration, begun }: Checked): string[] {
  return specs(configuration).flatMap(({ spec, of }) => {
    const { concurrency, name } = spec;
    if (concurrency === undefined) return [];
    // At equal times ends come first.
    const changes = begun
      .filter((run) => run[of] === name)
      .flatMap((run) => [
        { atMs: run.startedAtMs, by: 1, id: run.id },
        { atMs: Math.max(run.startedAtMs, endOf(run)), by: -1, id: run.id },
      ])
      .toSorted((left, right) => left.atMs - right.atMs || left.by - right.by);
    let running = 0;
    return changes.flatMap(({ atMs, by, id }) => {
      running += by;
      return running > concurrency
        ? [`concurrency: ${of} ${name} had ${running} at ${atMs}, with ${id}`]
        : [];
    });
  });
}

function checkLocks({ configuration, begun }: Checked): string[] {
  const holders = new Map<string, Begun[]>();
  for (const run of begun)
    for (const name of locksOf(configuration, run)) holders.set(name, [...(holders.get(name) ?? []), run]);
  return [...holders].flatMap(([name, runs]) => overlaps(runs, `lock: ${name}`));
}

function locksOf({ rules, runbooks }: GuardedConfiguration, run: RunFact): string[] {
  const guards: (GuardsSpec | undefined)[] = [
    rules.find((rule) => rule.name === run.rule),
    runbooks.find((runbook) => runbook.name === run.runbook),
  ];
  const named = guards.flatMap((spec) => spec?.locks ?? []);
  return [...new Set([...named, ...run.hosts.map((host) => `host:${host.name}`)])];
}

function overlaps(runs: readonly Begun[], what: string): string[] {
  const sorted = runs.toSorted(
    (left, right) => left.startedAtMs - right.startedAtMs || endOf(left) - endOf(right),
  );
  let last: Begun | null = null;
  return sorted.flatMap((run) => {
    const before = last;
    if (last === null || endOf(run) > endOf(last)) last = run;
    return before === null || run.startedAtMs >= endOf(before)
      ? []
      : [`${what}: ${run.id} from ${run.startedAtMs}, ${before.id} until ${endOf(before)}`];
  });
}

function endOf(run: RunFact): number {
  return run.finishedAtMs ?? Number.POSITIVE_INFINITY;
}

function checkBudgets({ configuration, begun }: Checked): string[] {
  return specs(configuration).flatMap(({ spec, of }) => {
    const { budget, name } = spec;
    if (budget === undefined) return [];
    const hosts = configuration.hosts.get(budget.role) ?? [];
    const allowed =
      typeof budget.max === "number"
        ? budget.max
        : Math.floor((hosts.length * Number.parseInt(budget.max, 10)) / 100);
    const changes = begun.flatMap((run) =>
      run.hosts.flatMap((host) =>
        host.changedAtMs === null || !hosts.includes(host.name)
          ? []
          : [{ host: host.name, atMs: host.changedAtMs, isCounted: run[of] === name }],
      ),
    );
    return changes.flatMap(({ atMs, isCounted }) => {
      const inWindow = changes.filter((other) => other.atMs > atMs - budget.withinMs && other.atMs <= atMs);
      const distinct = new Set(inWindow.map((other) => other.host)).size;
      return isCounted && distinct > allowed
        ? [`budget: ${of} ${name}: ${distinct} hosts changed in the ${budget.withinMs} ms to ${atMs}`]
        : [];
    });
  });
}

function checkCooldowns({ configuration, begun }: Checked): string[] {
  return configuration.rules.flatMap(({ name, cooldownMs }) => {
    if (cooldownMs === undefined) return [];
    const groups = Map.groupBy(
      begun.filter((run) => run.rule === name),
      (run) => run.groupKey,
    );
    return [...groups.values()].flatMap((runs) => {
      const sorted = runs.toSorted((left, right) => left.createdAtMs - right.createdAtMs);
      return sorted.flatMap((run, index) => {
        const before = sorted[index - 1];
        return before === undefined || run.createdAtMs >= endOf(before) + cooldownMs
          ? []
          : [`cooldown: ${name}: ${run.id} at ${run.createdAtMs}, ${before.id} ended at ${endOf(before)}`];
      });
    });
  });
}

/** Both the decision and the start; in the very milliseconds of a pause's begin and end the order is not known. */
function checkPauses({ begun, configuration }: Checked, pauses: readonly PauseFact[]): string[] {
  return begun.flatMap((run) => {
    const applying = pauses.filter((pause) => isPaused(configuration, pause.scope, run));
    return [run.createdAtMs, run.startedAtMs].flatMap((atMs) =>
      applying
        .filter((pause) => atMs > pause.fromMs && atMs < pause.untilMs)
        .map(
          (pause) =>
            `paused: ${run.id} of ${run.rule} at ${atMs} in ${pause.scope}, ${pause.fromMs} to ${pause.untilMs}`,
        ),
    );
  });
}

function isPaused({ hosts }: GuardedConfiguration, scope: string, run: RunFact): boolean {
  const role = /^hosts:role="(.*)"$/.exec(scope)?.[1];
  if (role !== undefined) return run.hosts.some((host) => hosts.get(role)?.includes(host.name) === true);
  return scope === "all" || scope === `rule:${run.rule}` || scope === `runbook:${run.runbook}`;
}

function checkSingleStarts({ begun }: Checked): string[] {
  const ofAlerts = Map.groupBy(
    begun.filter((run) => run.groupId === null),
    (run) => `${run.episodeId} ${run.rule}`,
  );
  const ofGroups = Map.groupBy(
    begun.filter((run) => run.groupId !== null),
    (run) => run.groupId,
  );
  return [
    ...[...ofAlerts].filter(([, runs]) => runs.length > 1).map(([key]) => `twice: ${key}`),
    ...[...ofGroups].flatMap(([groupId, runs]) => overlaps(runs, `group: ${groupId}`)),
  ];
}

function checkDecisions(decisions: readonly DecisionFact[]): string[] {
  return decisions.flatMap(({ id, kind, reason, retryAt }) => {
    if ((kind === "refused" || kind === "delayed") && reason === null)
      return [`reason: decision ${id} has none`];
    const isTold = retryAt !== null && !Number.isNaN(Date.parse(retryAt));
    return kind === "delayed" && !isTold ? [`retry_at: decision ${id} for ${reason} has none`] : [];
  });
}
