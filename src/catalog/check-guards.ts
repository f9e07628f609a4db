import { HostLookupError } from "../hosts/inventory.ts";
import type { FileProblem } from "../platform/problems.ts";
import { type Path, recordOf, type YamlFile } from "../platform/yaml.ts";
import { allowedHosts, type Budget, type Guards } from "../runbooks/guards.ts";
import { adviceFor } from "./advice.ts";
import type { Loaded } from "./loaded.ts";

/** The guards of a rule or a runbook, and where the thing that has them stands. */
export interface GuardedPlace {
  readonly loaded: Loaded;
  readonly file: YamlFile;
  readonly path: Path;
  readonly problems: FileProblem[];
}

/** What guards name outside their file: time intervals, and hosts. */
export function checkGuards(place: GuardedPlace, guards: Guards): void {
  checkIntervals(place, guards);
  if (guards.budget !== null && !place.loaded.isInventoryBroken) checkBudget(place, guards.budget);
}

/** A rule may have its intervals beside its guards, so they are looked up where they stand. */
function checkIntervals({ loaded, file, path, problems }: GuardedPlace, guards: Guards): void {
  const known = [...loaded.source.intervals.keys()];
  if (guards.active.length + guards.mute.length === 0) return;
  const owner = path.reduce<unknown>((value, key) => Reflect.get(Object(value), key), file.value);
  for (const inner of [[], ["guards"]])
    for (const key of ["active", "mute"]) {
      const block = inner.length === 0 ? recordOf(owner) : recordOf(recordOf(owner)["guards"]);
      const names = block[key];
      for (const [index, name] of Array.isArray(names) ? names.entries() : []) {
        if (typeof name !== "string" || known.includes(name)) continue;
        const message = `the settings have no time interval "${name}"${adviceFor(name, known)}`;
        problems.push(file.problem([...path, ...inner, key, index], "unknown-interval", message));
      }
    }
}

function checkBudget({ loaded, file, path, problems }: GuardedPlace, budget: Budget): void {
  const at = [...path, "guards", "budget"];
  try {
    const { length } = loaded.inventory.select(budget.hosts);
    if (allowedHosts(budget, length) > 0) return;
    const hosts = length === 1 ? "the 1 host" : `the ${length} hosts`;
    const message = `${budget.max.amount}% of ${hosts} that the inventory has for {${budget.selector}} is less than one host, so nothing could ever be changed; raise max, or write a number`;
    problems.push(file.problem([...at, "max"], "budget-allows-nothing", message));
  } catch (error) {
    if (!(error instanceof HostLookupError)) throw error;
    problems.push(file.problem([...at, "hosts"], error.code, error.message));
  }
}
