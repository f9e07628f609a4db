import { type Command, Option } from "commander";
import { EPISODE_STATES } from "../../runs/records.ts";
import {
  collectTexts,
  commandGroup,
  type Flags,
  limitFlag,
  type ProgramContext,
  serverFlags,
  textFlag,
  textsFlag,
  withLimit,
  withServerOptions,
} from "./options.ts";

export function addAlertCommands(program: Command, { output, setExitCode }: ProgramContext): void {
  const group = commandGroup(program, "alert", "look at alerts, and send one to try a rule");
  withServerOptions(withLimit(group.command("list")))
    .argument("[matcher...]", "of labels, as in Alertmanager: severity=critical 'team=~\"web|api\"'")
    .description("show the alerts that were received, newest first")
    .addOption(new Option("--status <status>", "only those").choices(EPISODE_STATES))
    .action(async (matchers: string[], flags: Flags) => {
      const { alertListCommand } = await import("../alert.ts");
      const parts = { limit: limitFlag(flags), status: textFlag(flags, "status"), matchers };
      setExitCode(await alertListCommand({ ...serverFlags(flags), ...parts }, output));
    });
  withServerOptions(group.command("show"))
    .argument("<id>", "of the alert")
    .description("show one alert with everything that was decided")
    .action(async (id: string, flags: Flags) => {
      const { alertShowCommand } = await import("../alert.ts");
      setExitCode(await alertShowCommand(id, serverFlags(flags), output));
    });
  withServerOptions(group.command("replay"))
    .argument("<id>", "of the alert")
    .description("deliver an alert once more as it was received first; one that is over opens anew")
    .option("--dry-run", "only say what would come of it")
    .action(async (id: string, flags: Flags) => {
      const { alertReplayCommand } = await import("../alert-replay.ts");
      setExitCode(await alertReplayCommand(id, flags["dryRun"] === true, serverFlags(flags), output));
    });
  withServerOptions(group.command("send"))
    .argument("<label=value...>", "the alert's labels, such as alertname=HighLatency")
    .description("deliver one alert as Alertmanager would; prints the id of the delivery")
    .option("--annotation <name=value>", "may be given several times", collectTexts, [])
    .option("--source <name>", "of the settings", "alertmanager")
    .option("--resolved", "say that the alert is over")
    .option("--token-file <file>", "holds the token of a source that asks for one")
    .action(async (labels: string[], flags: Flags) => {
      const { alertSendCommand } = await import("../alert-send.ts");
      const parts = {
        source: textFlag(flags, "source") ?? "",
        annotations: textsFlag(flags, "annotation"),
        isResolved: flags["resolved"] === true,
        tokenFile: textFlag(flags, "tokenFile"),
      };
      setExitCode(await alertSendCommand(labels, { ...serverFlags(flags), ...parts }, output));
    });
}
