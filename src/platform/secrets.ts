import { z } from "zod";

/** Larger than any key or token; a wrong path must not pull a log file into memory. */
const SECRET_CHARS_MAX = 64 * 1024;

/** Where a secret comes from. Never the secret itself: settings are in git, and shown in the UI. */
export const secretSchema = z
  .union(
    [
      z.strictObject({ file: z.string().min(1) }),
      z.strictObject({
        env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "is no name of an environment variable"),
      }),
      z.strictObject({ command: z.array(z.string().min(1)).min(1) }),
    ],
    "a secret is {file: path}, {env: NAME} or {command: [program, argument]}, never the secret itself",
  )
  .meta({
    description: "{file: path}, {env: NAME} or {command: [program, argument, ...]}; never the secret itself",
  });
export type SecretRef = z.output<typeof secretSchema>;

/** How a secret is called that runbooks may use: `secrets.NAME`. */
export const SECRET_NAME = /^(?!__)[A-Za-z_][A-Za-z0-9_]{0,62}$/;

/** One secret, or two while one is being replaced by the other. */
export const secretsSchema = z.union([secretSchema, z.array(secretSchema).min(1).max(2)]).transform(toList);
export type SecretRefs = z.output<typeof secretsSchema>;

function toList(value: SecretRef | SecretRef[]): readonly SecretRef[] {
  return Array.isArray(value) ? value : [value];
}

/** How secrets are reached. `runCommand` takes a program and its arguments, never a shell's text, and gives its stdout. */
export interface SecretReaders {
  readFile(path: string): Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  runCommand(command: readonly [string, ...string[]]): Promise<string>;
}

/** A secret that could not be had. Its text names the place and never what was found there. */
export class SecretError extends Error {
  override readonly name = "SecretError";
}

/** The secret without trailing line breaks. Throws {@link SecretError} when it cannot be read, or is empty. */
export async function resolveSecret(ref: SecretRef, readers: SecretReaders): Promise<string> {
  const place = describeSecret(ref);
  const secret = (await read(ref, readers, place)).replace(/[\r\n]+$/, "");
  if (secret === "") throw new SecretError(`${place} is empty`);
  if (secret.length > SECRET_CHARS_MAX)
    throw new SecretError(`${place} is longer than ${SECRET_CHARS_MAX} characters`);
  return secret;
}

/** Where a secret comes from, for messages. Of a command only the program: arguments may be secret too. */
export function describeSecret(ref: SecretRef): string {
  if ("file" in ref) return `the secret file ${ref.file}`;
  return "env" in ref ? `the environment variable ${ref.env}` : `the output of ${ref.command[0]}`;
}

async function read(ref: SecretRef, readers: SecretReaders, place: string): Promise<string> {
  if ("env" in ref) {
    const value = readers.env[ref.env];
    if (value === undefined) throw new SecretError(`${place} is not set`);
    return value;
  }
  try {
    if ("file" in ref) return await readers.readFile(ref.file);
    const [program = "", ...commandArguments] = ref.command;
    return await readers.runCommand([program, ...commandArguments]);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
    throw new SecretError(`${place} could not be read${code}`, { cause });
  }
}
