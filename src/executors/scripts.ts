import type { Shell } from "../runbooks/verbs/run.ts";

/** How each interpreter is started, with the script as the next argument: the shells stop at the first failure. */
const INTERPRETERS: Readonly<Record<Shell, readonly [string, ...string[]]>> = {
  sh: ["sh", "-eu", "-c"],
  bash: ["bash", "-eu", "-c"],
  python3: ["python3", "-c"],
};

/**
 * The arguments that run a script exactly as written, for `Command.argv`. The script is one argument, so stdin stays
 * free for its commands, and it is the same here and over SSH. Values reach it by the environment only. A script of
 * 128 KiB or more is refused at its start.
 */
export function scriptArgv(shell: Shell, script: string): [string, ...string[]] {
  return [...INTERPRETERS[shell], script];
}
