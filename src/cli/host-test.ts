import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { loadCatalog } from "../catalog/load.ts";
import { MatcherError, parseMatchers } from "../expressions/matchers.ts";
import { openHostExecutors } from "../host-executors.ts";
import { type InventoryHost, LOCAL_HOST } from "../hosts/host.ts";
import { HostLookupError, type Inventory } from "../hosts/inventory.ts";
import { KnownSecrets } from "../known-secrets.ts";
import { formatProblem } from "../platform/problems.ts";
import { catalogSourceOf } from "../settings/catalog-source.ts";
import { loadSettings, type Settings } from "../settings/load.ts";
import type { OutputFormat } from "./client/flags.ts";
import { printable } from "./client/text.ts";
import type { HostCheck } from "./host-advice.ts";
import { checkHost } from "./host-checks.ts";
import type { CommandOutput } from "./output.ts";

/** Hosts that are tested at the same time. */
const HOSTS_AT_ONCE = 10;

export interface HostTestOptions {
  /** Names, aliases or addresses; none for all hosts, or for those of the selector. */
  readonly names: readonly string[];
  readonly selector: string | null;
  readonly configFile: string | null;
  readonly format: OutputFormat;
}

interface TestedHost {
  readonly host: InventoryHost;
  readonly checks: readonly HostCheck[];
}

/**
 * Tries everything that steps need of hosts, from the configuration alone, without a server. Resolves with the exit code: 0
 * when every check of every host is good, 1 when one failed, 2 when no host could be chosen.
 */
export async function hostTestCommand(
  options: HostTestOptions,
  programFolder: string,
  output: CommandOutput,
): Promise<number> {
  const flags = { configFile: options.configFile, listenAddress: null, externalUrl: null, storagePath: null };
  const loaded = await loadSettings(flags, programFolder);
  if (!loaded.ok) return refuse(output, loaded.problems.map(formatProblem));
  const catalog = await loadCatalog(catalogSourceOf(loaded.settings));
  const hostFiles = new Set(catalog.files.filter(({ kind }) => kind === "hosts").map(({ file }) => file));
  const wrong = catalog.problems.filter(({ file, severity }) => severity === "error" && hostFiles.has(file));
  if (wrong.length > 0) return refuse(output, wrong.map(formatProblem));
  const hosts = chooseHosts(catalog.inventory, options);
  if (typeof hosts === "string") return refuse(output, [hosts]);
  const tested = await testAll(loaded.settings, catalog.inventory, hosts);
  output.stdout.write(options.format === "json" ? asJson(tested) : asText(tested));
  return tested.every(isGood) ? 0 : 1;
}

function refuse(output: CommandOutput, lines: readonly string[]): number {
  for (const line of lines) output.stderr.write(`${line}\n`);
  return 2;
}

/** The hosts meant, or why there are none. */
function chooseHosts(
  inventory: Inventory,
  { names, selector }: HostTestOptions,
): readonly InventoryHost[] | string {
  try {
    if (selector !== null) return inventory.select(parseMatchers(selector));
    const hosts = names.map((name) => inventory.resolve(name));
    return names.length === 0 ? inventory.hosts : [...new Set(hosts)];
  } catch (error) {
    if (error instanceof HostLookupError || error instanceof MatcherError)
      return `nightshift: ${printable(error.message)}`;
    throw error;
  }
}

async function testAll(
  settings: Settings,
  inventory: Inventory,
  hosts: readonly InventoryHost[],
): Promise<readonly TestedHost[]> {
  const executors = openHostExecutors(settings, {
    lookUp: (name) => inventory.named(name),
    workFolder: "/",
    known: new KnownSecrets(),
  });
  const tested = new Map<InventoryHost, readonly HostCheck[]>();
  const left = hosts.values();
  const work = async () => {
    for (const host of left) {
      const workFolder = host.name === LOCAL_HOST ? nearestFolder(settings.storagePath) : null;
      tested.set(host, await checkHost({ executor: executors.forHost(host), host, workFolder }));
    }
  };
  try {
    await Promise.all(Array.from({ length: HOSTS_AT_ONCE }, work));
  } finally {
    await executors.close();
  }
  return hosts.map((host) => ({ host, checks: tested.get(host) ?? [] }));
}

/** A folder that is not made yet will lie where its nearest parent is. */
function nearestFolder(path: string): string {
  return existsSync(path) ? path : nearestFolder(dirname(path));
}

function isGood({ checks }: TestedHost): boolean {
  return checks.every(({ status }) => status !== "failed");
}

function asJson(tested: readonly TestedHost[]): string {
  const items = tested.map((one) => ({
    name: one.host.name,
    address: one.host.address === "" ? null : one.host.address,
    via: one.host.access.via,
    transport: one.host.name === LOCAL_HOST ? null : one.host.access.transport,
    ok: isGood(one),
    checks: one.checks,
  }));
  return `${JSON.stringify({ items }, null, 2)}\n`;
}

/** A line a host, below it what failed and what to do. */
function asText(tested: readonly TestedHost[]): string {
  const lines = tested.flatMap((one) => {
    const bad = one.checks.filter(({ status }) => status === "failed");
    const good = one.checks.filter(({ status }) => status === "ok").map(({ check }) => check);
    return [
      `${one.host.name}: ${bad.length === 0 ? "ok" : "FAILED"} (${good.join(", ") || "nothing was good"})`,
      ...bad.flatMap(({ check, message, advice }) => [
        `  ${check}: ${printable(message)}`,
        ...(advice ?? "").split("\n").map((line) => `    ${printable(line)}`),
      ]),
    ];
  });
  const failures = tested.filter((one) => !isGood(one)).length;
  const sum = `${tested.length} tested, ${failures === 0 ? "all good" : `${failures} failed`}`;
  return `${[...lines, "", sum].join("\n")}\n`;
}
