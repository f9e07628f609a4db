import type { Reference } from "../expressions/cel.ts";
import type { Matcher } from "../expressions/matchers.ts";

/** What may be missing, and which labels cannot be. */
export interface Guarantees {
  /** Null when they could not be read, so that any label may be guaranteed. */
  readonly matchers: readonly Matcher[] | null;
  readonly groupBy: readonly string[] | null;
  /** Paths that `if` has found present before `with` is read. */
  readonly present: readonly (readonly string[])[];
}

/** Why a field that an expression reads may be missing from an alert; undefined when it cannot be, or is asked for. */
export function mayBeMissing(
  reference: Reference,
  guarantees: Guarantees,
): { readonly code: string; readonly message: string } | undefined {
  const [root, kind, name] = reference.path;
  if (reference.isGuarded || name === undefined || isPresent(reference.path, guarantees.present))
    return undefined;
  const field = `${root}.${kind}`;
  switch (field) {
    case "alert.labels":
      if (isGuaranteed(name, guarantees.matchers)) return undefined;
      return { code: "missing-label", message: labelMessage(name) };
    case "group.labels":
      if (guarantees.groupBy !== null && !guarantees.groupBy.includes(name))
        return {
          code: "missing-label",
          message: `group_by does not have "${name}", so a group has no such label`,
        };
      if (isGuaranteed(name, guarantees.matchers)) return undefined;
      return { code: "missing-label", message: labelMessage(name) };
    case "alert.annotations":
      return {
        code: "missing-annotation",
        message: `an alert may have no annotation "${name}": ask with has() or .? before it is used`,
      };
    case "alert.values":
      return {
        code: "missing-value",
        message: `an alert may have no value "${name}" (only Grafana sends values): ask with has() or .? before it is used`,
      };
    default:
      return undefined;
  }
}

function labelMessage(name: string): string {
  return `an alert may have no label "${name}": add a matcher such as ${name} =~ ".+", or ask with has() or .?`;
}

/** A matcher that an alert without the label would not pass. */
function isGuaranteed(name: string, matchers: readonly Matcher[] | null): boolean {
  return matchers === null || matchers.some((matcher) => matcher.name === name && !matcher.matches(""));
}

function isPresent(path: readonly string[], present: readonly (readonly string[])[]): boolean {
  return present.some(
    (known) => known.length === path.length && known.every((name, index) => name === path[index]),
  );
}
