import { checkHostNames, loadHosts } from "../../src/hosts/load.ts";
import { Inventory } from "../../src/hosts/inventory.ts";
import type { FileProblem } from "../../src/platform/problems.ts";
import { YamlFile } from "../../src/platform/yaml.ts";

/** The inventory of a hosts.yml; throws when the text has a problem. */
export function inventoryOf(text: string): Inventory {
  const problems: FileProblem[] = [];
  const file = YamlFile.parse("hosts.yml", text, problems);
  const hosts = file === undefined ? [] : loadHosts(file, "/etc/nightshift", problems);
  checkHostNames(hosts, problems);
  if (problems.length > 0) throw new Error(problems.map((problem) => problem.message).join("\n"));
  return new Inventory(hosts.map(({ host }) => host));
}
