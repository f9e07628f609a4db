// Rules and runbooks whose guards count in milliseconds, as data: the test writes them as YAML, and checks by them what happened.

interface Rate {
  readonly max: number;
  readonly perMs: number;
}

/** A budget over the hosts with a role. */
interface Budget {
  readonly role: string;
  readonly max: number | string;
  readonly withinMs: number;
}

export interface GuardsSpec {
  readonly cooldownMs?: number;
  readonly rate?: Rate;
  readonly concurrency?: number;
  readonly locks?: readonly string[];
  readonly budget?: Budget;
  readonly onBusy?: "queue" | "refuse";
}

export interface RuleSpec extends GuardsSpec {
  readonly name: string;
  /** The value of the label `kind` that it matches. */
  readonly kind: string;
  readonly groupBy?: string;
  readonly runbook: string;
  readonly hasHost?: boolean;
  readonly continue?: boolean;
}

export interface RunbookSpec extends GuardsSpec {
  readonly name: string;
  readonly steps: readonly Readonly<Record<string, unknown>>[];
  readonly hasHost?: boolean;
}

export interface GuardedConfiguration {
  readonly rules: readonly RuleSpec[];
  readonly runbooks: readonly RunbookSpec[];
  /** Names of hosts by their role. */
  readonly hosts: ReadonlyMap<string, readonly string[]>;
}

const HOST_RULES = 8;

function hostNames(role: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${role}-${index + 1}`);
}

/** Every guard that counts, alone and with others, on rules and on runbooks. */
export const GUARDED: GuardedConfiguration = {
  rules: [
    { name: "cooled", kind: "cooled", groupBy: "id", runbook: "quick", cooldownMs: 400 },
    { name: "rated", kind: "rated", runbook: "quick", rate: { max: 4, perMs: 500 }, continue: true },
    { name: "rated-again", kind: "rated", runbook: "narrow", rate: { max: 5, perMs: 700 } },
    {
      name: "pooled",
      kind: "pooled",
      groupBy: "id",
      runbook: "quick",
      cooldownMs: 200,
      rate: { max: 8, perMs: 600 },
      locks: ["pool:a"],
    },
    { name: "slots", kind: "slots", runbook: "slow", concurrency: 2 },
    { name: "pair", kind: "pair", runbook: "quick", locks: ["pool:a", "pool:b"], onBusy: "refuse" },
    { name: "second-pool", kind: "second-pool", runbook: "quick", locks: ["pool:b"] },
    { name: "narrow-one", kind: "narrow", runbook: "narrow", continue: true },
    { name: "narrow-two", kind: "narrow", runbook: "narrow", concurrency: 2 },
    { name: "teams", kind: "teams", groupBy: "team", runbook: "slow", cooldownMs: 150 },
    ...Array.from({ length: HOST_RULES }, (_, index) => ({
      name: `host-${index + 1}`,
      kind: `host-${index + 1}`,
      runbook: index % 2 === 0 ? "restart-web" : "restart-db",
      hasHost: true,
    })),
  ],
  runbooks: [
    { name: "quick", steps: [{ id: "wait", wait: "3ms" }] },
    { name: "slow", steps: [{ id: "wait", wait: "15ms" }], concurrency: 5 },
    { name: "narrow", steps: [{ id: "wait", wait: "5ms" }], concurrency: 3, rate: { max: 8, perMs: 500 } },
    {
      name: "restart-web",
      hasHost: true,
      steps: [{ id: "restart", command: ["true"] }],
      budget: { role: "web", max: 3, withinMs: 300 },
    },
    {
      name: "restart-db",
      hasHost: true,
      steps: [{ id: "restart", command: ["true"] }],
      budget: { role: "db", max: "25%", withinMs: 400 },
      locks: ["pool:db"],
    },
  ],
  hosts: new Map([
    ["web", hostNames("web", 10)],
    ["db", hostNames("db", 8)],
  ]),
};

/** The files of the configuration. JSON is YAML too. */
export function filesOf({ rules, runbooks, hosts }: GuardedConfiguration): Record<string, string> {
  const files: Record<string, string> = {
    "rules/all.yml": JSON.stringify({ rules: rules.map(ruleFile) }),
    "hosts.yml": JSON.stringify({
      hosts: [...hosts].flatMap(([role, names]) =>
        names.map((name) => ({ name, address: `${name}.example.net`, labels: { role }, exclusive: true })),
      ),
    }),
  };
  for (const { name, steps, hasHost, ...guards } of runbooks)
    files[`runbooks/${name}.yml`] = JSON.stringify({
      name,
      ...(hasHost === true
        ? { inputs: { host: { type: "host" } }, target: "${{ inputs.host }}" }
        : { target: "local" }),
      guards: guardsFile(guards),
      steps,
    });
  return files;
}

function ruleFile({ name, kind, groupBy, runbook, hasHost, continue: goesOn, ...guards }: RuleSpec) {
  return {
    name,
    mode: "auto",
    matchers: [`kind = "${kind}"`, ...(hasHost === true ? ['host != ""'] : [])],
    runbook,
    guards: guardsFile(guards),
    ...(groupBy === undefined ? {} : { group_by: [groupBy] }),
    ...(hasHost === true ? { with: { host: "${{ alert.labels.host }}" } } : {}),
    ...(goesOn === true ? { continue: true } : {}),
  };
}

/** A `guards` block. */
export function guardsFile({ cooldownMs, rate, concurrency, locks, budget, onBusy }: GuardsSpec) {
  return {
    ...(cooldownMs === undefined ? {} : { cooldown: `${cooldownMs}ms` }),
    ...(rate === undefined ? {} : { rate_limit: { max: rate.max, per: `${rate.perMs}ms` } }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(locks === undefined ? {} : { locks }),
    ...(budget === undefined
      ? {}
      : {
          budget: { hosts: `role = "${budget.role}"`, max: budget.max, within: `${budget.withinMs}ms` },
        }),
    ...(onBusy === undefined ? {} : { on_busy: onBusy }),
  };
}
