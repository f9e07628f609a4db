import type { FileProblem } from "../platform/problems.ts";
import type { LoadedHost } from "./entry.ts";

/** Names and aliases that two hosts claim, over all files. */
export function checkHostNames(hosts: readonly LoadedHost[], problems: FileProblem[]): void {
  const owners = new Map<string, LoadedHost>();
  for (const loaded of hosts) {
    const earlier = owners.get(loaded.host.name);
    if (earlier === undefined) owners.set(loaded.host.name, loaded);
    else {
      const text = `host "${loaded.host.name}" is also in ${whereIs(earlier)}`;
      problems.push(loaded.file.problem(loaded.namePath, "repeated-name", text));
    }
  }
  for (const loaded of hosts) {
    for (const [index, alias] of loaded.host.aliases.entries()) {
      const earlier = owners.get(alias);
      if (earlier === undefined) owners.set(alias, loaded);
      else if (earlier !== loaded) {
        const text = `"${alias}" already names host "${earlier.host.name}" in ${whereIs(earlier)}`;
        problems.push(loaded.file.problem([...loaded.path, "aliases", index], "repeated-name", text));
      }
    }
  }
}

function whereIs(loaded: LoadedHost): string {
  const { file, line } = loaded.file.problem(loaded.namePath, "", "");
  return `${file}:${line}`;
}
