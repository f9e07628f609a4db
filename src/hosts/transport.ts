import type { FileProblem } from "../platform/problems.ts";
import type { HostAccess } from "./host.ts";
import type { LoadedHost } from "./entry.ts";

/** These mean something of their own in a value that is given to `ssh -o`. */
const ACTIVE_IN_OPTIONS = /["'\\%$\p{Cc}]/u;

/** Why the access cannot be had by `transport: openssh`, with the key at fault; undefined when it can, or is not asked for. */
export function opensshProblem(
  access: HostAccess,
): { readonly key: string; readonly message: string } | undefined {
  if (access.transport !== "openssh") return undefined;
  for (const key of ["passphrase", "password"] as const)
    if (access[key] !== null)
      return {
        key,
        message: `transport: openssh asks for no ${key}: add the key to an agent and write agent: true, or use transport: ssh2`,
      };
  const files = [
    ["known_hosts", access.knownHostsFile],
    ["key", access.keyFile],
  ] as const;
  for (const [key, file] of files)
    if (file !== null && ACTIVE_IN_OPTIONS.test(file))
      return { key, message: `transport: openssh takes no path with a quote, %, $ or \\ in it` };
  return undefined;
}

/** Credentials that the transport of a host cannot use. */
export function checkTransport(hosts: readonly LoadedHost[], problems: FileProblem[]): void {
  for (const { host, file, path } of hosts) {
    const wrong = opensshProblem(host.access);
    if (wrong !== undefined)
      problems.push(file.problem([...path, wrong.key], "invalid-value", `${host.name}: ${wrong.message}`));
  }
}
