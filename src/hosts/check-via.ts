import { closestWord, type FileProblem } from "../platform/problems.ts";
import { LOCAL_HOST } from "./host.ts";
import type { LoadedHost } from "./entry.ts";

/** Jump hosts between here and a host. */
export const JUMPS_MAX = 8;

/** Jump hosts that are not there, that lead back to where they began, or that speak another transport. */
export function checkVia(hosts: readonly LoadedHost[], problems: FileProblem[]): void {
  const byName = new Map(hosts.map((loaded) => [loaded.host.name, loaded]));
  for (const loaded of hosts) {
    const wrong = wrongVia(loaded, byName);
    if (wrong === undefined) continue;
    problems.push(loaded.file.problem([...loaded.path, "via"], wrong.code, wrong.message));
  }
}

function wrongVia(
  loaded: LoadedHost,
  byName: ReadonlyMap<string, LoadedHost>,
): { readonly code: string; readonly message: string } | undefined {
  const { name, access } = loaded.host;
  if (access.via === null) return undefined;
  if (access.via === LOCAL_HOST)
    return {
      code: "invalid-value",
      message: `"local" is the machine Nightshift runs on; a direct connection is via: null`,
    };
  const jump = byName.get(access.via);
  if (jump === undefined) {
    const meant = closestWord(access.via, byName.keys());
    const advice = meant === undefined ? "" : `; did you mean "${meant}"?`;
    return {
      code: "unknown-host",
      message: `"${access.via}" is no name of a host of the inventory${advice}`,
    };
  }
  if (jump.host.access.transport !== access.transport)
    return {
      code: "mixed-transports",
      message: `${name} is reached by ${access.transport}, but its jump host ${access.via} by ${jump.host.access.transport}: give both the same transport`,
    };
  const way = [name, access.via];
  for (let next = jump.host.access.via; next !== null; next = byName.get(next)?.host.access.via ?? null) {
    way.push(next);
    if (next === name)
      return { code: "via-cycle", message: `the way to ${name} leads back to it: ${way.join(" → ")}` };
    if (way.length > JUMPS_MAX + 1)
      return {
        code: "via-too-long",
        message: `the way to ${name} has more than ${JUMPS_MAX} jump hosts: ${way.slice(0, 4).join(" → ")} → …`,
      };
  }
  return undefined;
}
