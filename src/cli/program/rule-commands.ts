import type { Command } from "commander";
import {
  commandGroup,
  type Flags,
  limitFlag,
  type ProgramContext,
  serverFlags,
  withLimit,
  withServerOptions,
  textFlag,
} from "./options.ts";

export function addRuleCommands(program: Command, { output, setExitCode }: ProgramContext): void {
  const group = commandGroup(program, "rule", "look at rules, and let them act again");
  withLimit(withServerOptions(group.command("list")))
    .description("the rules in the order in which they are tried, with what they did in 7 days")
    .action(async (flags: Flags) => {
      const { ruleListCommand } = await import("../rule.ts");
      setExitCode(await ruleListCommand({ ...serverFlags(flags), limit: limitFlag(flags) }, output));
    });
  withServerOptions(group.command("show"))
    .argument("<name>", "of the rule")
    .description("one rule: where it stands, what it did, and its text")
    .action(async (name: string, flags: Flags) => {
      const { ruleShowCommand } = await import("../rule.ts");
      setExitCode(await ruleShowCommand(name, serverFlags(flags), output));
    });
  withServerOptions(group.command("reset-breaker"))
    .argument("<name>", "of the rule")
    .description("close the breaker of a rule; earlier failures no longer count")
    .action(async (name: string, flags: Flags) => {
      const { resetBreakerCommand } = await import("../reset-breaker.ts");
      setExitCode(await resetBreakerCommand(name, serverFlags(flags), output));
    });
  withServerOptions(group.command("explain"))
    .argument("[labels...]", "an alert to think of, such as alertname=Slow instance=web-1")
    .description("say what would be done with an alert, by every rule and guard, and why; nothing is done")
    .option("--file <payload>", "a webhook's body in a file")
    .option("--alert <id>", "an alert that was received")
    .option("--source <name>", "the source it comes by; default the first one")
    .option("--at <time>", "another time than now, such as 2026-11-23T03:00:00Z")
    .action(async (labels: readonly string[], flags: Flags) => {
      const { explainCommand } = await import("../explain.ts");
      const text = (name: string) => textFlag(flags, name);
      const options = {
        labels,
        file: text("file"),
        alert: text("alert"),
        source: text("source"),
        at: text("at"),
      };
      setExitCode(await explainCommand(options, serverFlags(flags), output));
    });
}
