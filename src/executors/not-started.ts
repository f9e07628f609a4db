import type { Host } from "../hosts/host.ts";
import { type Command, ExecutorError } from "./executor.ts";
import { NO_FOLDER, NO_PROGRAM, NO_TIMEOUT_PROGRAM } from "./remote-command.ts";

/** Why a job ended without announcing its start. `said` is the last thing it printed on stderr. */
export function notStarted(
  host: Host,
  command: Pick<Command, "argv" | "cwd" | "become">,
  exitCode: number | null,
  said: string,
): ExecutorError {
  const because = said === "" ? "" : `: ${said}`;
  if (exitCode === NO_FOLDER)
    return failure(
      "not-found",
      `the folder ${JSON.stringify(command.cwd)} on ${host.name} cannot be entered`,
    );
  if (exitCode === NO_PROGRAM) {
    const program = JSON.stringify(command.argv[0].slice(0, 200));
    return failure("not-found", `the program ${program} was not found on ${host.name}`);
  }
  if (exitCode === NO_TIMEOUT_PROGRAM)
    return failure("not-found", `${host.name} has no timeout program: install coreutils there`);
  if (command.become !== null)
    return failure(
      "not-permitted",
      `could not become ${command.become} on ${host.name}${because}: sudo -n must allow it without a password`,
    );
  return failure(
    "not-permitted",
    `the login shell of ${host.name} did not start the command (exit code ${exitCode ?? "unknown"})${because}`,
  );
}

function failure(code: ExecutorError["code"], message: string): ExecutorError {
  return new ExecutorError(code, message, { isRetryable: false });
}
