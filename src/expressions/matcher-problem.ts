import type { FileProblem } from "../platform/problems.ts";
import type { Path, YamlFile } from "../platform/yaml.ts";
import { type Matcher, MatcherError, parseMatchers } from "./matchers.ts";

/** The matchers of a text that stands at `path`; undefined, with the problem pushed, when it is none or empty. */
export function readMatchers(
  file: YamlFile,
  path: Path,
  text: string,
  problems: FileProblem[],
): Matcher[] | undefined {
  const report = (message: string, offset?: number) => {
    const place = offset === undefined ? {} : { offset, length: 1 };
    problems.push(file.problem(path, "matcher-syntax", message, place));
  };
  try {
    const matchers = parseMatchers(text);
    if (matchers.length === 0) report("the matcher is empty");
    else if (matchers.some((matcher) => matcher.name === "")) report("a label name cannot be empty");
    else return matchers;
  } catch (error) {
    if (!(error instanceof MatcherError)) throw error;
    report(error.message, error.offset);
  }
  return undefined;
}
