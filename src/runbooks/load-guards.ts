import { readMatchers } from "../expressions/matcher-problem.ts";
import type { FileProblem } from "../platform/problems.ts";
import { type Path, recordOf, type YamlFile } from "../platform/yaml.ts";
import type { Budget, Guards } from "./guards.ts";
import type { SharedGuardsConfig } from "./guards-schema.ts";

/** A `guards` block as it stands in a file: of a rule, or of a runbook. */
export interface GuardsPlace {
  readonly file: YamlFile;
  readonly path: Path;
  readonly problems: FileProblem[];
  /** The block as written. */
  readonly raw: unknown;
}

/** Guards that the two kinds of blocks do not share, and where each belongs. */
const BELONGS = {
  rule: new Map([["per_user", "only people's starts can meet it, so it belongs to a runbook's guards"]]),
  runbook: new Map([
    ["cooldown", "it counts from the end of a rule's run for one group, so it belongs to a rule's guards"],
    ["breaker", "it stops a rule that does not help, so it belongs to a rule's guards"],
  ]),
} as const;

/** Keys that would be right in the guards of the other kind. To be reported instead of an unknown key. */
export function checkGuardKeys(place: GuardsPlace, kind: keyof typeof BELONGS): void {
  for (const [key, why] of BELONGS[kind])
    if (Object.hasOwn(recordOf(place.raw), key))
      place.problems.push(
        place.file.problem([...place.path, key], "not-here", `"${key}" has no place here: ${why}`, {
          onKey: true,
        }),
      );
}

/** The matchers of the block's budget, whether or not the rest of it fits; none when they are wrong. */
export function readBudgetHosts(place: GuardsPlace): Budget["hosts"] {
  const { budget } = recordOf(place.raw);
  const selector = recordOf(budget)["hosts"];
  if (typeof selector !== "string" || selector === "") return [];
  return readMatchers(place.file, [...place.path, "budget", "hosts"], selector, place.problems) ?? [];
}

/** The guards of a block that fits its schema, with the matchers that {@link readBudgetHosts} found. */
export function toGuards(config: SharedGuardsConfig, hosts: Budget["hosts"]): Guards {
  return {
    rateLimit: config.rate_limit === undefined ? null : toRate(config.rate_limit),
    locks: config.locks,
    concurrency: config.concurrency ?? null,
    onBusy: config.on_busy,
    waitMs: config.wait,
    budget: config.budget === undefined ? null : toBudget(config.budget, hosts),
    active: config.active ?? [],
    mute: config.mute ?? [],
  };
}

export function toRate({ max, per }: { readonly max: number; readonly per: number }) {
  return { max, perMs: per };
}

function toBudget(config: NonNullable<SharedGuardsConfig["budget"]>, hosts: Budget["hosts"]): Budget {
  const max: Budget["max"] =
    typeof config.max === "number"
      ? { unit: "hosts", amount: config.max }
      : { unit: "percent", amount: Number.parseInt(config.max, 10) };
  return { hosts, selector: config.hosts, max, withinMs: config.within };
}
