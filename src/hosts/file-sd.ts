import type { FileProblem } from "../platform/problems.ts";
import type { Path, YamlFile } from "../platform/yaml.ts";
import { type FileDefaults, type LoadedHost, toHost } from "./entry.ts";
import { LOCAL_HOST } from "./host.ts";
import { addressSchema, fileSdSchema, hostNameSchema } from "./schema.ts";

/** The label that names the host of a target; the first that is there counts. */
const NAME_LABELS = ["nightshift_name", "__meta_hostname"] as const;

const NO_DEFAULTS: Pick<FileDefaults, "folder" | "values"> = { folder: "/", values: {} };

/** A target as a host: where it stands, and what it says. */
interface Target {
  readonly name: string;
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly file: YamlFile;
  readonly path: Path;
}

/**
 * The hosts of Prometheus' file_sd files. A target is one host, its port that of an exporter and left out. Targets that
 * differ in the port alone are one host with the labels that all of them share: a label that holds for one port only is
 * not true of the machine. User, port, credentials and rights are those of the one hosts.yml that has defaults.
 */
export function loadTargets(
  files: readonly YamlFile[],
  defaults: readonly FileDefaults[],
  problems: FileProblem[],
): LoadedHost[] {
  const [first, second] = defaults;
  if (files[0] !== undefined && first !== undefined && second !== undefined) {
    const text = `both ${first.file.file} and ${second.file.file} have defaults, and a target takes those of one file: keep them in one`;
    problems.push(files[0].problem([], "ambiguous-defaults", text));
    return [];
  }
  const targets = new Map<string, Target>();
  for (const target of files.flatMap((file) => targetsOf(file, problems))) {
    const key = JSON.stringify([target.name, target.address]);
    const earlier = targets.get(key);
    targets.set(
      key,
      earlier === undefined ? target : { ...earlier, labels: shared(earlier.labels, target.labels) },
    );
  }
  return [...targets.values()].map(({ name, address, labels, file, path }) => {
    const host = toHost({ name, address, labels, aliases: [] }, first ?? NO_DEFAULTS);
    return { host, file, path, namePath: path };
  });
}

function shared(
  left: Readonly<Record<string, string>>,
  right: Readonly<Record<string, string>>,
): Record<string, string> {
  const others = new Map(Object.entries(right));
  return Object.fromEntries(Object.entries(left).filter(([name, value]) => others.get(name) === value));
}

function targetsOf(file: YamlFile, problems: FileProblem[]): Target[] {
  const groups = file.validate(fileSdSchema, problems) ?? [];
  return groups.flatMap((group, groupIndex) => {
    const labels = new Map(Object.entries(group.labels));
    const named = NAME_LABELS.map((label) => labels.get(label)).find((name) => name !== undefined);
    return group.targets.flatMap((text, index): Target[] => {
      const path = [groupIndex, "targets", index];
      const address = withoutPort(text);
      const name = named ?? address;
      const wrong = wrongTarget(text, address, name);
      if (wrong === undefined) return [{ name, address, labels: group.labels, file, path }];
      problems.push(file.problem(path, "invalid-value", wrong));
      return [];
    });
  });
}

function wrongTarget(text: string, address: string, name: string): string | undefined {
  if (!addressSchema.safeParse(address).success)
    return `the target "${text}" is no host and port, such as web-1:9100`;
  if (name === LOCAL_HOST)
    return `"${LOCAL_HOST}" is the machine Nightshift runs on; give the target another ${NAME_LABELS[0]}`;
  if (!hostNameSchema.safeParse(name).success)
    return `"${name}" is no name of a host; name the target by the label ${NAME_LABELS[0]}`;
  return undefined;
}

/** `web-1` of `web-1:9100`, and `::1` of `[::1]:9100` or `[::1]`. Any other text as it stands. */
function withoutPort(text: string): string {
  return /^\[([^\]]+)\](?::\d{1,5})?$/.exec(text)?.[1] ?? /^([^:]+):\d{1,5}$/.exec(text)?.[1] ?? text;
}
