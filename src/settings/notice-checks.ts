import { ExpressionError } from "../expressions/cel.ts";
import { expressionProblem } from "../expressions/expression-problem.ts";
import { compileWording, type NoticeWording } from "../notify/wording.ts";
import type { FileProblem } from "../platform/problems.ts";
import type { Path, YamlFile } from "../platform/yaml.ts";
import type { SettingsFile } from "./schema.ts";

type Noticing = Pick<SettingsFile, "notifiers" | "notify">;

/** What is wrong with `notifiers` and `notify` beside their shape: names, and templates. */
export function checkNotices(yaml: YamlFile, parsed: Noticing): FileProblem[] {
  const problems: FileProblem[] = [];
  const notifiers = new Set(parsed.notifiers.map((notifier) => notifier.name));
  for (const [index, notifier] of parsed.notifiers.entries()) {
    if (parsed.notifiers.findIndex((other) => other.name === notifier.name) === index) continue;
    problems.push(
      yaml.problem(
        ["notifiers", index, "name"],
        "duplicate-name",
        `there are two notifiers named ${notifier.name}`,
      ),
    );
  }
  for (const [index, route] of parsed.notify.entries()) {
    if (notifiers.has(route.to)) continue;
    problems.push(
      yaml.problem(["notify", index, "to"], "unknown-notifier", `there is no notifier named ${route.to}`),
    );
  }
  for (const key of ["notifiers", "notify"] as const)
    for (const [index, entry] of parsed[key].entries())
      for (const part of ["title", "text"] as const)
        problems.push(...checkTemplate(yaml, [key, index, part], part, entry[part]));
  return problems;
}

function checkTemplate(
  yaml: YamlFile,
  path: Path,
  part: "title" | "text",
  source: string | undefined,
): FileProblem[] {
  try {
    compileWording({ [part]: source });
    return [];
  } catch (error) {
    if (error instanceof ExpressionError) return [expressionProblem(yaml, path, error)];
    throw error;
  }
}

/** How each notifier wants to be told, where a route to it does not say otherwise. The settings were checked. */
export function notifierWording({
  notifiers,
}: Pick<Noticing, "notifiers">): ReadonlyMap<string, NoticeWording> {
  return new Map(notifiers.map((notifier) => [notifier.name, compileWording(notifier)] as const));
}

export interface CompiledRoute {
  readonly to: string;
  readonly events: readonly string[];
  readonly wording: NoticeWording;
}

/** `notify` with its templates ready for use. */
export function notifyRoutes({ notify }: Pick<Noticing, "notify">): readonly CompiledRoute[] {
  return notify.map((route) => ({ to: route.to, events: route.events, wording: compileWording(route) }));
}
