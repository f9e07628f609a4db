import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { FILE_INPUT_BYTES_MAX } from "../runbooks/inputs/file.ts";

/** Inputs as flags give them, in the order in which they stand. */
export interface InputFlags {
  /** `name=value`. The value is taken as it is: an @ in it is an @. */
  readonly inputs: readonly string[];
  /** `name=path`; the path `-` is standard input. */
  readonly inputFiles: readonly string[];
}

/** A flag that cannot be used; its message says what to write. */
export class InputFlagError extends Error {
  override readonly name = "InputFlagError";
}

const LISTS: ReadonlySet<string> = new Set(["hosts", "multi_choice"]);

/**
 * What the flags say, as the API takes it; `types` are those of the runbook's inputs, by name. Values stay text: the server reads them. Throws
 * {@link InputFlagError}.
 */
export async function readInputFlags(
  flags: InputFlags,
  types: ReadonlyMap<string, string>,
): Promise<Record<string, unknown>> {
  const values = new Map<string, unknown>();
  for (const flag of flags.inputs) {
    const [name, value] = splitFlag("--input", flag);
    const type = types.get(name);
    if (type === "secret")
      throw new InputFlagError(
        `"${name}" is a secret, and everybody on this machine can read a command line; write --input-file ${name}=PATH, or ${name}=- for standard input`,
      );
    if (type === "file") throw new InputFlagError(`"${name}" is a file; write --input-file ${name}=PATH`);
    add(values, name, value, LISTS.has(type ?? ""));
  }
  for (const flag of flags.inputFiles) {
    const [name, path] = splitFlag("--input-file", flag);
    const type = types.get(name);
    const content = await readInput(path);
    const value = type === "file" ? upload(path, content) : textOf(path, content);
    add(values, name, value, LISTS.has(type ?? ""));
  }
  return Object.fromEntries(values);
}

function splitFlag(option: string, flag: string): [string, string] {
  const at = flag.indexOf("=");
  if (at > 0) return [flag.slice(0, at), flag.slice(at + 1)];
  throw new InputFlagError(`${option} takes name=value, not "${flag}"`);
}

function add(values: Map<string, unknown>, name: string, value: unknown, isList: boolean): void {
  const before = values.get(name);
  if (isList) values.set(name, [...(Array.isArray(before) ? (before as unknown[]) : []), value]);
  else if (values.has(name)) throw new InputFlagError(`"${name}" is given twice, and is no list`);
  else values.set(name, value);
}

async function readInput(path: string): Promise<Buffer> {
  try {
    const content = path === "-" ? await readStandardInput() : await readFile(path);
    if (content.length <= FILE_INPUT_BYTES_MAX) return content;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new InputFlagError(`${path} cannot be read: ${why}`, { cause: error });
  }
  throw new InputFlagError(`${path} has more than ${FILE_INPUT_BYTES_MAX} bytes`);
}

async function readStandardInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin) {
    const part = Buffer.from(chunk as Uint8Array | string);
    chunks.push(part);
    bytes += part.length;
    if (bytes > FILE_INPUT_BYTES_MAX) break;
  }
  return Buffer.concat(chunks);
}

function upload(path: string, content: Buffer): Record<string, string> {
  return { name: path === "-" ? "stdin" : basename(path), base64: content.toString("base64") };
}

/** Editors end the last line; that line break is not part of the value. */
function textOf(path: string, content: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content).replace(/\r?\n$/, "");
  } catch {
    throw new InputFlagError(`${path} is not UTF-8`);
  }
}
