import { type Command, Option } from "commander";
import { AUDIT_ACTIONS } from "../../audit/entry.ts";
import { OUTPUT_FORMATS } from "../client/flags.ts";
import {
  commandGroup,
  type Flags,
  limitFlag,
  type ProgramContext,
  serverFlags,
  textFlag,
  withLimit,
  withServerOptions,
} from "./options.ts";

/** Who changed what, and whether that is still what was written down. */
export function addAuditCommands(
  program: Command,
  { output, setExitCode }: ProgramContext,
  programFolder: string,
): void {
  const group = commandGroup(program, "audit", "who changed what");
  withQuery(withServerOptions(withLimit(group.command("tail"))))
    .description("show the newest records")
    .option("-f, --follow", "go on with those that come")
    .action(async (flags: Flags) => {
      const { auditTailCommand } = await import("../audit.ts");
      const parts = { limit: limitFlag(flags), isFollowed: flags["follow"] === true };
      setExitCode(await auditTailCommand({ ...serverFlags(flags), ...queryFlags(flags), ...parts }, output));
    });
  withQuery(withServerOptions(group.command("export")))
    .description("write every record as a line of JSON, oldest first")
    .option("--since <time>", "a duration back from now such as 30d, or a time; default: everything")
    .option("--until <time>", "the same for the end")
    .action(async (flags: Flags) => {
      const { auditExportCommand } = await import("../audit.ts");
      const parts = { since: textFlag(flags, "since"), until: textFlag(flags, "until") };
      setExitCode(
        await auditExportCommand({ ...serverFlags(flags), ...queryFlags(flags), ...parts }, output),
      );
    });
  group
    .command("verify")
    .description("check on the service's machine that no record was changed or removed; exit 1 when one was")
    .option("--config.file <file>", "settings; default ./nightshift.yml, else the shipped one")
    .option("--storage.path <folder>", "the service's data; its database is only read")
    .option(
      "--checkpoints <file>",
      "the service's log in JSON, or a copy of audit-checkpoints.jsonl; default: the one beside the database",
    )
    .addOption(
      new Option("-o, --output <format>", "text for people, json for programs")
        .choices(OUTPUT_FORMATS)
        .default("text"),
    )
    .action(async (flags: Flags) => {
      const { auditVerifyCommand } = await import("../audit-verify.ts");
      const options = {
        configFile: textFlag(flags, "config.file"),
        storagePath: textFlag(flags, "storage.path"),
        checkpoints: textFlag(flags, "checkpoints"),
        format: flags["output"] === "json" ? "json" : "text",
      } as const;
      setExitCode(await auditVerifyCommand(options, programFolder, output));
    });
}

function withQuery(command: Command): Command {
  return command
    .option("--principal <id>", "only what they did, such as user:dana or rule:web-latency")
    .addOption(new Option("--action <action>", "only this").choices(AUDIT_ACTIONS))
    .option("--subject <subject>", "only what was done to it: KIND or KIND:ID, such as run:ID");
}

function queryFlags(flags: Flags) {
  return {
    principal: textFlag(flags, "principal"),
    action: textFlag(flags, "action"),
    subject: textFlag(flags, "subject"),
  };
}
