import { envNameProblem } from "../runbooks/env-names.ts";
import { ExecutorError, type Command } from "./executor.ts";

/** The variable that marks a step's processes. */
export const COOKIE_VARIABLE = "NIGHTSHIFT_COOKIE";

/** Linux refuses one argument, or one `NAME=value`, of 128 KiB or more (MAX_ARG_STRLEN, which counts the final NUL). */
export const ARGUMENT_BYTES_MAX = 128 * 1024 - 1;
/** Below the 2 MiB that Linux allows for all arguments and the environment with the usual 8 MiB stack. */
export const ARGUMENTS_BYTES_MAX = 1536 * 1024;

/** Throws {@link ExecutorError} for what no process could be given, or what would turn a value into code. */
export function checkCommand(command: Command): void {
  let total = 0;
  for (const [index, argument] of command.argv.entries()) {
    total += checkValue(argument, index === 0 ? "the program's name" : `argument ${index}`, 0);
  }
  if (command.argv[0] === "") throw refused("the program's name is empty");
  for (const [name, value] of Object.entries(command.env)) {
    const problem = envNameProblem(name, false);
    if (problem !== undefined) throw refused(problem);
    total += checkValue(value, `the environment variable ${name}`, name.length + 1);
  }
  if (command.cwd !== null) checkValue(command.cwd, "the working folder", 0);
  if (command.become !== null) checkUser(command.become);
  if (total > ARGUMENTS_BYTES_MAX)
    throw tooLong(`arguments and environment together are ${total} bytes long`, ARGUMENTS_BYTES_MAX);
}

function checkValue(value: string, what: string, nameBytes: number): number {
  if (value.includes("\0")) throw refused(`${what} holds a NUL character, which no process can be given`);
  const bytes = Buffer.byteLength(value) + nameBytes;
  if (bytes > ARGUMENT_BYTES_MAX) throw tooLong(`${what} is ${bytes} bytes long`, ARGUMENT_BYTES_MAX);
  return bytes + 1;
}

function checkUser(user: string): void {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(user)) throw refused(`${JSON.stringify(user)} is no user name`);
}

function refused(message: string): ExecutorError {
  return new ExecutorError("argument-refused", message, { isRetryable: false });
}

function tooLong(message: string, max: number): ExecutorError {
  return new ExecutorError(
    "argument-too-long",
    `${message}; the limit is ${max}: pass it on stdin or in a file`,
    {
      isRetryable: false,
    },
  );
}
