import { type Path, recordOf, type YamlFile } from "../platform/yaml.ts";
import { type InputEntry, inputSchema, typedEntry } from "./input-schema.ts";
import type { Input } from "./inputs.ts";
import { type Action, type Section, SECTIONS } from "./runbook.ts";
import { type RunbookEntry, type StepEntry, stepSchema } from "./schema.ts";
import { actionOf, TARGET_NAME } from "./verbs.ts";

/** A step as far as it could be read. */
export interface StepDraft {
  readonly section: Section;
  /** Its place in its section, from 0. */
  readonly index: number;
  /** Where it stands in the file. */
  readonly path: Path;
  readonly id: string;
  readonly raw: Readonly<Record<string, unknown>>;
  /** Undefined when the step does not fit the schema. */
  readonly entry: StepEntry | undefined;
  /** Undefined unless it has exactly one verb. */
  readonly action: Action | undefined;
}

/** A runbook as far as it could be read, so that one broken step does not hide what is wrong with the others. */
export interface Draft {
  readonly file: YamlFile;
  readonly raw: Readonly<Record<string, unknown>>;
  /** Undefined when any part does not fit the schema. */
  readonly entry: RunbookEntry | undefined;
  /** An input that could not be read is there without its type. Conditions and rows of files are not in it yet. */
  readonly inputs: ReadonlyMap<string, Input | undefined>;
  readonly steps: readonly StepDraft[];
  /** The step that these steps are the inside of; null for those of the runbook itself. */
  readonly outer: { readonly draft: Draft; readonly step: StepDraft } | null;
}

/** Reads what can be read. `entry` is the whole file where it fits the schema. */
export function draftOf(file: YamlFile, entry: RunbookEntry | undefined): Draft {
  const raw = recordOf(file.value);
  const inputs = Object.entries(recordOf(raw["inputs"])).map(([name, value]) => {
    const parsed = entry?.inputs[name] ?? inputSchema.safeParse(value).data;
    return [name, parsed === undefined ? undefined : toInput(name, parsed)] as const;
  });
  const steps = SECTIONS.flatMap((section) => stepsOf(raw[section], section, [], entry?.[section]));
  return { file, raw, entry, inputs: new Map(inputs), steps, outer: null };
}

/** The steps inside of a `for_each`, or what a step with `targets` does on each of them. */
export function bodyOf(draft: Draft, step: StepDraft): Draft {
  const outer = { draft, step };
  const common = { file: draft.file, entry: undefined, inputs: draft.inputs, outer };
  if (typeof step.raw["targets"] === "string") {
    const { if: _, targets: __, ...rest } = step.raw;
    const inner = stepOf({ ...rest, target: `\${{ ${TARGET_NAME} }}` }, "steps", 0, step.path, undefined);
    return { ...common, raw: {}, steps: [inner] };
  }
  const raw = { ...recordOf(step.raw["for_each"]), target: targetAround(draft, step) };
  const path = [...step.path, "for_each"];
  const steps = SECTIONS.flatMap((section) => stepsOf(recordOf(raw)[section], section, path, undefined));
  return { ...common, raw, steps };
}

/** Steps inside run where their step says, else where the runbook says. */
function targetAround(draft: Draft, step: StepDraft): unknown {
  return step.raw["target"] ?? draft.raw["target"];
}

/** The path of a step in its file. */
export function pathOf(step: StepDraft): Path {
  return step.path;
}

function stepsOf(
  list: unknown,
  section: Section,
  around: Path,
  entries: readonly StepEntry[] | undefined,
): StepDraft[] {
  if (!Array.isArray(list)) return [];
  return list.map((value: unknown, index) =>
    stepOf(value, section, index, [...around, section, index], entries?.[index]),
  );
}

function stepOf(
  value: unknown,
  section: Section,
  index: number,
  path: Path,
  known: StepEntry | undefined,
): StepDraft {
  const raw = recordOf(value);
  const entry = known ?? stepSchema.safeParse(value).data;
  const action = entry === undefined ? undefined : actionOf(entry);
  const id = typeof raw["id"] === "string" ? raw["id"] : defaultId(section, index, action);
  return { section, index, path, id, raw, entry, action };
}

/** The name in logs and files of a step that has none of its own. */
function defaultId(section: Section, index: number, action: Action | undefined): string {
  return `${section === "steps" ? (action?.verb ?? "step") : section}_${index + 1}`;
}

function toInput(name: string, entry: InputEntry): Input {
  return {
    name,
    title: entry.title ?? null,
    help: entry.help ?? null,
    placeholder: entry.placeholder ?? null,
    isRequired: entry.required,
    default: entry.default,
    showIf: null,
    rows: null,
    ...typedEntry(entry),
  };
}
