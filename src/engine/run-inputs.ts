import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "../platform/digest.ts";
import { type InputKey, InputKeyError } from "../platform/input-key.ts";
import type { OpenedInputs } from "../runbooks/input-variables.ts";
import type { SealSecret } from "../runbooks/inputs.ts";
import type { Run } from "../runs/records.ts";
import { insertRunInputs, readRunInputs } from "../store/run-inputs.ts";
import type { Tx } from "../store/store.ts";
import { type EngineDependencies, workFolder } from "./dependencies.ts";

/** A secret or a file that a run was given cannot be had any more; its message is for people. */
export class RunInputError extends Error {
  override readonly name = "RunInputError";
}

type Parts = Pick<EngineDependencies, "store" | "inputKey" | "workRoot">;
type RunWithInputs = Pick<Run, "id" | "plan">;

/** How a plan of this runbook holds secrets: equal texts of one input are equal, and nothing else is told of them. */
export function sealerOf(inputKey: InputKey, runbook: string): SealSecret {
  return (input, secret) => inputKey.fingerprint(`${runbook}/${input}`, secret);
}

/** Keeps secrets and files until the run has ended, encrypted. To be called in the transaction that makes the run. */
export async function keepContents(
  tx: Tx,
  { inputKey }: Pick<EngineDependencies, "inputKey">,
  runId: string,
  contents: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  const inputs = [...contents].map(([name, content]) => ({
    name,
    sealed: inputKey.encrypt(placeOf(runId, name), content),
  }));
  await insertRunInputs(tx, runId, inputs);
}

/** The texts of a run's secret inputs, by input. Throws {@link RunInputError}. Empty once the run has ended. */
export async function readSecretInputs(
  parts: Parts,
  run: RunWithInputs,
): Promise<ReadonlyMap<string, string>> {
  const names = run.plan.secretInputs ?? [];
  if (names.length === 0) return new Map();
  const contents = await readContents(parts, run);
  return new Map(
    names.flatMap((name) => {
      const content = contents.get(name);
      return content === undefined ? [] : [[name, Buffer.from(content).toString("utf8")] as const];
    }),
  );
}

/** The bytes of a file that the run was given. Throws {@link RunInputError} when they are not there, or not those of the plan. */
export async function readFileInput(parts: Parts, run: RunWithInputs, name: string): Promise<Uint8Array> {
  const content = (await readContents(parts, run)).get(name);
  const value = run.plan.inputs[name];
  const wanted = typeof value === "object" && "sha256" in value ? value.sha256 : null;
  if (content !== undefined && sha256(content) === wanted) return content;
  throw new RunInputError(`the file of input "${name}" is no longer kept; start the runbook again with it`);
}

/** Before the first step: what expressions need of secrets and files. Files are written into the run's work folder. */
export async function openInputs(parts: Parts, run: RunWithInputs): Promise<OpenedInputs> {
  const secrets = await readSecretInputs(parts, run);
  const missing = (run.plan.secretInputs ?? []).find((name) => !secrets.has(name));
  if (missing !== undefined)
    throw new RunInputError(
      `the secret of input "${missing}" is no longer kept; start the runbook again with it`,
    );
  const filePaths = new Map<string, string>();
  for (const [name, value] of Object.entries(run.plan.inputs)) {
    if (typeof value !== "object" || !("sha256" in value)) continue;
    const content = await readFileInput(parts, run, name);
    const folder = inputFolder(parts, run.id);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // Under the input's name: the name that the file was sent with is no path.
    const path = join(folder, name);
    await writeFile(path, content, { mode: 0o600 });
    filePaths.set(name, path);
  }
  return { secrets, filePaths };
}

/** After the last step, and before the run ends: no file of a person stays behind, whatever happens next. May be repeated. */
export async function closeInputs(parts: Pick<Parts, "workRoot">, runId: string): Promise<void> {
  await rm(inputFolder(parts, runId), { recursive: true, force: true });
}

function inputFolder(parts: Pick<Parts, "workRoot">, runId: string): string {
  return join(workFolder(parts, runId), "inputs");
}

async function readContents(
  { store, inputKey }: Parts,
  run: RunWithInputs,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const stored = await readRunInputs(store.reader, run.id);
  return new Map(
    stored.map(({ name, sealed }) => {
      try {
        return [name, inputKey.decrypt(placeOf(run.id, name), sealed)] as const;
      } catch (error) {
        if (!(error instanceof InputKeyError)) throw error;
        const message = `input "${name}" cannot be read: ${error.message}; start the runbook again with it`;
        throw new RunInputError(message, { cause: error });
      }
    }),
  );
}

function placeOf(runId: string, name: string): string {
  return `${runId}/${name}`;
}
