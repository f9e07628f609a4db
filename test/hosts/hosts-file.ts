import { Inventory } from "../../src/hosts/inventory.ts";
import { loadInventory } from "../../src/hosts/load.ts";
import { type FileProblem, formatProblem } from "../../src/platform/problems.ts";
import { YamlFile } from "../../src/platform/yaml.ts";

/** The inventory of one or more files, and what is wrong with them. */
export function loadTexts(texts: Readonly<Record<string, string>>): {
  readonly inventory: Inventory;
  readonly problems: readonly FileProblem[];
} {
  const problems: FileProblem[] = [];
  const files = Object.entries(texts).flatMap(([name, text]) => {
    const file = YamlFile.parse(name, text, problems);
    return file === undefined ? [] : [file];
  });
  const hosts = loadInventory(files, "/etc/nightshift", problems);
  return { inventory: new Inventory(hosts), problems };
}

/** The inventory of a hosts.yml; throws when the text has a problem. */
export function inventoryOf(text: string): Inventory {
  const { inventory, problems } = loadTexts({ "hosts.yml": text });
  if (problems.length > 0) throw new Error(problems.map(formatProblem).join("\n"));
  return inventory;
}
