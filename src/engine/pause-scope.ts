import type { Catalog } from "../catalog/catalog.ts";
import { parsePauseScope, selects } from "../guards/pause.ts";
import { closestWord } from "../platform/problems.ts";

/** Why a pause of this scope would stop nothing; null when it has something to stop under the present configuration. */
export function pauseScopeProblem(
  catalog: Pick<Catalog, "rules" | "runbooks" | "inventory">,
  text: string,
): string | null {
  const parsed = parsePauseScope(text);
  if (!parsed.ok) return parsed.message;
  const { scope } = parsed;
  switch (scope.kind) {
    case "all":
      return null;
    case "rule":
      return unknownName(
        scope,
        catalog.rules.map((rule) => rule.name),
      );
    case "runbook":
      return unknownName(scope, [...catalog.runbooks.keys()]);
    case "hosts": {
      const hasAny = catalog.inventory.hosts.some((host) => selects(scope.matchers, host));
      return hasAny ? null : "the selector finds no host of the inventory";
    }
  }
}

function unknownName(
  { kind, name }: { readonly kind: "rule" | "runbook"; readonly name: string },
  known: readonly string[],
): string | null {
  if (known.includes(name)) return null;
  const meant = closestWord(name, known);
  return `there is no ${kind} ${name}${meant === undefined ? "" : `; did you mean ${meant}?`}`;
}
