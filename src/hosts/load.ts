import { dirname, resolve } from "node:path";
import type { FileProblem } from "../platform/problems.ts";
import type { YamlFile } from "../platform/yaml.ts";
import { checkHostNames } from "./check-names.ts";
import { checkVia } from "./check-via.ts";
import { type FileDefaults, type LoadedHost, toHost } from "./entry.ts";
import { loadTargets } from "./file-sd.ts";
import { type InventoryHost, LOCAL_HOST } from "./host.ts";
import { type HostEntry, hostsFileSchema } from "./schema.ts";
import { checkTransport } from "./transport.ts";

/**
 * The hosts of all inventory files: hosts.yml, and lists of Prometheus targets, which take the defaults of the hosts.yml.
 * Problems are pushed, and the hosts that are whole are returned all the same, so that one bad entry does not hide the
 * problems of others. Names of files are relative to `folder`.
 */
export function loadInventory(
  files: readonly YamlFile[],
  folder: string,
  problems: FileProblem[],
): readonly InventoryHost[] {
  const isTargetList = (file: YamlFile) => Array.isArray(file.value);
  const defaults: FileDefaults[] = [];
  const declared = files
    .filter((file) => !isTargetList(file))
    .flatMap((file) => loadHosts(file, folder, defaults, problems));
  const targets = loadTargets(files.filter(isTargetList), defaults, problems);
  const loaded = [...declared, ...targets];
  checkHostNames(loaded, problems);
  checkVia(loaded, problems);
  checkTransport(loaded, problems);
  return loaded.map(({ host }) => host);
}

function loadHosts(
  file: YamlFile,
  folder: string,
  defaults: FileDefaults[],
  problems: FileProblem[],
): LoadedHost[] {
  const content = file.validate(hostsFileSchema, problems);
  if (content === undefined) return [];
  const own = { file, folder: dirname(resolve(folder, file.file)), values: content.defaults };
  if (Object.keys(content.defaults).length > 0) defaults.push(own);
  return content.hosts.flatMap((entry, index) => {
    const wrong = entry.name === LOCAL_HOST ? checkLocal(entry) : checkRemote(entry);
    const path = ["hosts", index];
    if (wrong === undefined) return [{ host: toHost(entry, own), file, path, namePath: [...path, "name"] }];
    problems.push(file.problem([...path, wrong.key], wrong.code, wrong.message));
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

const OF_CONNECTIONS = [
  "address",
  "port",
  "user",
  "transport",
  "via",
  "known_hosts",
  "key",
  "passphrase",
  "agent",
  "password",
] as const;

function checkLocal(entry: HostEntry): Wrong | undefined {
  const key = OF_CONNECTIONS.find((name) => entry[name] !== undefined);
  if (key === undefined) return undefined;
  const message = `"local" is the machine Nightshift runs on and is not connected to; take "${key}" out`;
  return { key, code: "invalid-value", message };
}
