import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { type Catalog, hasErrors } from "../catalog/catalog.ts";
import { loadCatalog } from "../catalog/load.ts";
import type { FileProblem } from "../platform/problems.ts";
import { type Path, YamlFile } from "../platform/yaml.ts";
import { catalogSourceOf } from "../settings/catalog-source.ts";
import { parseListenAddress } from "../settings/listen.ts";
import type { Settings } from "../settings/load.ts";
import { PLANNED_SETTINGS } from "../settings/schema.ts";
import { checkTests } from "./check-tests.ts";
import { type TestConfig, type TestFileConfig, testFileSchema } from "./test-schema.ts";

/** A checked file of tests with the rules and runbooks it is about. */
export interface TestFile {
  /** As it was named. */
  readonly file: string;
  readonly settings: Settings;
  readonly catalog: Catalog;
  /** What queries answer in all its tests; null when there is no Prometheus. */
  readonly prometheus: Readonly<Record<string, number>> | null;
  readonly tests: readonly LoadedTest[];
}

export interface LoadedTest {
  readonly config: TestConfig;
  readonly line: number;
  /** The line of each of `steps`, in their order. */
  readonly stepLines: readonly number[];
}

/** Undefined, with problems pushed, when the file or anything it names is wrong. */
export async function loadTestFile(file: string, problems: FileProblem[]): Promise<TestFile | undefined> {
  const text = await readFile(file, "utf8").catch((error: Error) => error);
  if (text instanceof Error) {
    const message = `the tests cannot be read: ${text.message}`;
    const place = { file, line: 1, column: 1, length: 1, sourceLine: "" };
    problems.push({ ...place, severity: "error", code: "unreadable-file", message });
    return undefined;
  }
  const yaml = YamlFile.parse(file, text, problems);
  const config = yaml?.validate(testFileSchema, problems, isPlanned);
  if (yaml === undefined || config === undefined) return undefined;
  const settings = settingsOf(config, file);
  // Who hears of failures is a matter of the service's settings, not of a test.
  const catalog = await loadCatalog({ ...catalogSourceOf(settings, dirname(file)), isAnyoneTold: true });
  const found = hasErrors(catalog) ? [...catalog.problems] : checkTests(yaml, config, settings, catalog);
  problems.push(...found);
  if (found.some((problem) => problem.severity === "error")) return undefined;
  return {
    file,
    settings,
    catalog,
    prometheus: config.settings.prometheus ?? null,
    tests: config.tests.map((test, index) => ({
      config: test,
      line: yaml.problem(["tests", index, "name"], "", "").line,
      stepLines: (test.steps ?? []).map(
        (_, step) => yaml.problem(["tests", index, "steps", step], "", "").line,
      ),
    })),
  };
}

function isPlanned(path: Path): boolean {
  return path[0] === "settings" && PLANNED_SETTINGS.has(String(path.at(-1)));
}

/** The settings as the service would have them, without what a simulation has no use for. */
function settingsOf(config: TestFileConfig, file: string): Settings {
  const { prometheus: _, ...shared } = config.settings;
  const listen = parseListenAddress("127.0.0.1:9095");
  if (listen === undefined) throw new Error("the default address is not understood");
  return {
    ...shared,
    rules: config.rule_files,
    file,
    folder: dirname(resolve(file)),
    listen,
    externalUrl: "https://nightshift.example.net",
    storagePath: "",
    ballastBytes: 0,
  };
}
