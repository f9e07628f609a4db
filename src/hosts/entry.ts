import { resolve } from "node:path";
import type { SecretRef } from "../platform/secrets.ts";
import type { Path, YamlFile } from "../platform/yaml.ts";
import { type HostAccess, type InventoryHost, LOCAL_HOST } from "./host.ts";
import type { HostDefaults, HostEntry } from "./schema.ts";

const SSH_PORT = 22;
/** Used where neither the host nor the file's defaults name a user. */
const USER = "nightshift";

/** A host with the place it was written at, so that checks over several files can point there. */
export interface LoadedHost {
  readonly host: InventoryHost;
  readonly file: YamlFile;
  /** Of the entry in the file. */
  readonly path: Path;
  /** Of its name, or of what gave it its name. */
  readonly namePath: Path;
}

/** What a file says of hosts that do not say it themselves, and the folder that its paths are relative to. */
export interface FileDefaults {
  readonly file: YamlFile;
  readonly folder: string;
  readonly values: HostDefaults;
}

/** An entry with what it does not say taken from the defaults; these are about hosts of SSH, so `local` takes none. */
export function toHost(entry: HostEntry, defaults: Pick<FileDefaults, "folder" | "values">): InventoryHost {
  const isLocal = entry.name === LOCAL_HOST;
  const said = isLocal ? entry : { ...defaults.values, ...entry };
  return {
    name: entry.name,
    address: isLocal ? "" : (entry.address ?? ""),
    port: isLocal ? 0 : (said.port ?? SSH_PORT),
    user: isLocal ? "" : (said.user ?? USER),
    labels: entry.labels,
    aliases: entry.aliases,
    access: toAccess(entry, said, defaults),
    become: said.become ?? [],
    readable: said.readable ?? [],
    writable: said.writable ?? [],
    isAutomated: said.automation !== "off",
    isExclusive: said.exclusive ?? !isLocal,
  };
}

function toAccess(
  entry: HostEntry,
  said: HostDefaults,
  { folder, values }: Pick<FileDefaults, "folder" | "values">,
): HostAccess {
  const absolute = (path: string | undefined) => (path === undefined ? null : resolve(folder, path));
  // Who connects through a host by default reaches that host itself directly.
  const isOwnJump = entry.via === undefined && values.via === entry.name;
  return {
    transport: said.transport ?? "ssh2",
    via: isOwnJump ? null : (said.via ?? null),
    knownHostsFile: absolute(said.known_hosts),
    keyFile: absolute(said.key?.file),
    passphrase: inFolder(said.passphrase, folder),
    password: inFolder(said.password, folder),
    isAgentUsed: said.agent ?? false,
  };
}

function inFolder(secret: SecretRef | undefined, folder: string): SecretRef | null {
  if (secret === undefined) return null;
  return "file" in secret ? { file: resolve(folder, secret.file) } : secret;
}
