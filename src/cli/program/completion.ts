import type { Command } from "commander";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** The script that a shell reads at its start. It asks this program for each completion, so that it never goes stale. */
export function completionScript(shell: Shell): string {
  switch (shell) {
    case "bash":
      return `_nightshift() {
  local IFS=$'\\n'
  COMPREPLY=($(nightshift __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _nightshift nightshift
`;
    case "zsh":
      return `#compdef nightshift
_nightshift() {
  local -a candidates
  candidates=("\${(@f)$(nightshift __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a candidates || _files
}
compdef _nightshift nightshift
`;
    case "fish":
      return `complete -c nightshift -a '(nightshift __complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`;
  }
}

/**
 * What may stand in the place of the last word: commands, flags of the command, or the choices of a flag. Words before it are those that were
 * typed; nothing is executed, and no server is asked.
 */
export function completions(program: Command, words: readonly string[]): string[] {
  const typed = words.at(-1) ?? "";
  const command = commandOf(program, words.slice(0, -1));
  const before = words.at(-2) ?? "";
  const flag = command.options.find((option) => option.long === before || option.short === before);
  if (flag !== undefined && (flag.required || flag.optional))
    return startingWith(flag.argChoices ?? [], typed);
  const flags = command.options.flatMap((option) =>
    option.long === undefined || option.hidden ? [] : [option.long],
  );
  if (typed.startsWith("-")) return startingWith([...flags, "--help"], typed);
  const commands = command.commands.map((each) => each.name()).filter((name) => !name.startsWith("__"));
  const choices = command.registeredArguments.flatMap((argument) => argument.argChoices ?? []);
  return startingWith([...commands, ...choices], typed);
}

/** The command that these words lead to; flags and their values lead nowhere. */
function commandOf(program: Command, words: readonly string[]): Command {
  let command = program;
  for (const word of words) command = command.commands.find((each) => each.name() === word) ?? command;
  return command;
}

function startingWith(candidates: readonly string[], typed: string): string[] {
  return candidates.filter((candidate) => candidate.startsWith(typed)).toSorted();
}
