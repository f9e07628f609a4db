import type { FileProblem } from "../platform/problems.ts";
import type { Path } from "../platform/yaml.ts";
import type { Loaded, LoadedRule } from "./loaded.ts";

/** A rule, and where its problems go. */
export interface RulePlace extends LoadedRule {
  readonly loaded: Loaded;
  readonly problems: FileProblem[];
}

/** Reports a problem at a path inside the rule. */
export function report(place: RulePlace, path: Path, code: string, message: string, onKey = false): void {
  place.problems.push(place.file.problem([...place.path, ...path], code, message, { onKey }));
}
