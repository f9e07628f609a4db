import { dirname, resolve } from "node:path";
import type { FileProblem } from "../platform/problems.ts";
import type { YamlFile } from "../platform/yaml.ts";
import { type InventoryHost, LOCAL_HOST } from "./host.ts";
import { type HostEntry, type HostsFile, hostsFileSchema, PLANNED_HOST_KEYS } from "./schema.ts";

const SSH_PORT = 22;
/** Used where neither the host nor the file's defaults name a user. */
const USER = "nightshift";

/** A host with the place it was written at, so that checks over several files can point there. */
export interface LoadedHost {
  readonly host: InventoryHost;
  readonly file: YamlFile;
  readonly index: number;
}

/**
 * The hosts of one file. Problems are pushed, and the hosts that are whole are returned all the same, so that one bad entry
 * does not hide the problems of others. Paths of keys and known hosts are relative to the file's folder `folder`.
 */
export function loadHosts(file: YamlFile, folder: string, problems: FileProblem[]): LoadedHost[] {
  if (Array.isArray(file.value)) {
    const text = "this version of Nightshift does not read Prometheus file_sd files yet; write hosts: [...]";
    problems.push(file.problem([], "not-available", text));
    return [];
  }
  const content = file.validate(hostsFileSchema, problems, (path) =>
    PLANNED_HOST_KEYS.has(String(path.at(-1))),
  );
  if (content === undefined) return [];
  return content.hosts.flatMap((entry, index) => {
    const host = toHost(entry, content.defaults, dirname(resolve(folder, file.file)));
    const wrong = entry.name === LOCAL_HOST ? checkLocal(entry) : checkRemote(entry);
    if (wrong === undefined) return [{ host, file, index }];
    problems.push(file.problem(["hosts", index, wrong.key], wrong.code, wrong.message));
    return [];
  });
}

interface Wrong {
  readonly key: string;
  readonly code: string;
  readonly message: string;
}

function checkRemote(entry: HostEntry): Wrong | undefined {
  if (entry.address !== undefined) return undefined;
  return { key: "name", code: "missing-key", message: `host "${entry.name}" needs an address` };
}

function checkLocal(entry: HostEntry): Wrong | undefined {
  const key = (["address", "port", "user", "known_hosts", "key"] as const).find(
    (name) => entry[name] !== undefined,
  );
  if (key === undefined) return undefined;
  const message = `"local" is the machine Nightshift runs on and is not connected to; take "${key}" out`;
  return { key, code: "invalid-value", message };
}

function toHost(entry: HostEntry, defaults: HostsFile["defaults"], folder: string): InventoryHost {
  const isLocal = entry.name === LOCAL_HOST;
  const knownHosts = entry.known_hosts ?? defaults.known_hosts;
  const key = entry.key ?? defaults.key;
  return {
    name: entry.name,
    address: isLocal ? "" : (entry.address ?? ""),
    port: isLocal ? 0 : (entry.port ?? defaults.port ?? SSH_PORT),
    user: isLocal ? "" : (entry.user ?? defaults.user ?? USER),
    labels: entry.labels,
    aliases: entry.aliases,
    access: {
      knownHostsFile: isLocal || knownHosts === undefined ? null : resolve(folder, knownHosts),
      keyFile: isLocal || key === undefined ? null : resolve(folder, key.file),
    },
    become: entry.become,
    readable: entry.readable,
    isAutomated: entry.automation === "on",
    isExclusive: entry.exclusive ?? entry.name !== LOCAL_HOST,
  };
}

/** Names and aliases that two hosts claim, over all files. */
export function checkHostNames(hosts: readonly LoadedHost[], problems: FileProblem[]): void {
  const owners = new Map<string, LoadedHost>();
  for (const loaded of hosts) {
    const path = ["hosts", loaded.index, "name"];
    const earlier = owners.get(loaded.host.name);
    if (earlier === undefined) owners.set(loaded.host.name, loaded);
    else {
      const text = `host "${loaded.host.name}" is also in ${whereIs(earlier)}`;
      problems.push(loaded.file.problem(path, "repeated-name", text));
    }
  }
  for (const loaded of hosts) {
    for (const [index, alias] of loaded.host.aliases.entries()) {
      const earlier = owners.get(alias);
      if (earlier === undefined) owners.set(alias, loaded);
      else if (earlier !== loaded) {
        const text = `"${alias}" already names host "${earlier.host.name}" in ${whereIs(earlier)}`;
        const path = ["hosts", loaded.index, "aliases", index];
        problems.push(loaded.file.problem(path, "repeated-name", text));
      }
    }
  }
}

function whereIs(loaded: LoadedHost): string {
  const { file, line } = loaded.file.problem(["hosts", loaded.index, "name"], "", "");
  return `${file}:${line}`;
}
