import type { Command } from "commander";
import { completions, completionScript, type Shell, SHELLS } from "./completion.ts";
import type { ProgramContext } from "./options.ts";

/** Completion of words in a shell. Called last, so that it knows every other command. */
export function addCompletion(program: Command, { output }: ProgramContext): void {
  program
    .command("completion")
    .description(
      "print a script that completes commands and flags, such as: source <(nightshift completion bash)",
    )
    .addArgument(program.createArgument("<shell>", "which shell").choices(SHELLS))
    .action((shell: Shell) => void output.stdout.write(completionScript(shell)));
  program
    .command("__complete", { hidden: true })
    .argument("[words...]")
    .allowUnknownOption()
    .action((words: string[]) => {
      const found = completions(program, words);
      if (found.length > 0) output.stdout.write(`${found.join("\n")}\n`);
    });
}
