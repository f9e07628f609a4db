import type { Command } from "commander";
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

/** Who may do what, and what they show. */
export function addAccessCommands(program: Command, context: ProgramContext, programFolder: string): void {
  addTokenCommands(program, context, programFolder);
  addUserCommands(program, context);
  const { output, setExitCode } = context;
  withServerOptions(commandGroup(program, "access", "who may do what").command("check"))
    .argument("<user>", "as the person is called")
    .argument("<runbook>", "its name")
    .description("say what somebody may do with a runbook, and why; exit 4 when they may not start it")
    .action(async (user: string, runbook: string, flags: Flags) => {
      const { accessCheckCommand } = await import("../access-check.ts");
      setExitCode(await accessCheckCommand(user, runbook, serverFlags(flags), output));
    });
}

function addTokenCommands(
  program: Command,
  { output, setExitCode }: ProgramContext,
  programFolder: string,
): void {
  const group = commandGroup(program, "token", "what programs show in the name of a person");
  withServerOptions(group.command("create"))
    .description(
      "make a token and print it, once; with --config.file on the machine itself, without a server",
    )
    .option("--user <name>", "whose rights it has; default: your own")
    .option("--name <text>", "what it is for", "command line")
    .option(
      "--scope <scope>",
      "all, read or run:RUNBOOK; may be given several times (default: read)",
      collectTexts,
      [],
    )
    .option("--expires <duration>", "from now on, such as 90d; default: never")
    .option("--config.file <file>", "settings of the service on this machine")
    .option("--storage.path <folder>", "its data, where it is not as the settings say")
    .action(async (flags: Flags) => {
      const { tokenCreateCommand } = await import("../token.ts");
      const parts = {
        user: textFlag(flags, "user"),
        name: textFlag(flags, "name") ?? "command line",
        scopes: textsFlag(flags, "scope"),
        expires: textFlag(flags, "expires"),
        configFile: textFlag(flags, "config.file"),
        storagePath: textFlag(flags, "storage.path"),
        programFolder,
      };
      setExitCode(await tokenCreateCommand({ ...serverFlags(flags), ...parts }, output));
    });
  withServerOptions(withLimit(group.command("list")))
    .description("show your tokens; those of everybody for an admin")
    .option("--user <name>", "of one person")
    .action(async (flags: Flags) => {
      const { tokenListCommand } = await import("../token.ts");
      const parts = { user: textFlag(flags, "user"), limit: limitFlag(flags) };
      setExitCode(await tokenListCommand({ ...serverFlags(flags), ...parts }, output));
    });
  withServerOptions(group.command("revoke"))
    .argument("<id>", "of the token")
    .description("make a token useless")
    .action(async (id: string, flags: Flags) => {
      const { tokenRevokeCommand } = await import("../token.ts");
      setExitCode(await tokenRevokeCommand(id, serverFlags(flags), output));
    });
}

function addUserCommands(program: Command, { output, setExitCode }: ProgramContext): void {
  const group = commandGroup(program, "user", "people who log in with a password");
  group
    .command("hash")
    .description("read a password from standard input, and print its hash for login.users")
    .action(async () => {
      const { userHashCommand } = await import("../user.ts");
      setExitCode(await userHashCommand(process.stdin, output));
    });
  withServerOptions(withLimit(group.command("list")))
    .description("show who is known here")
    .action(async (flags: Flags) => {
      const { userListCommand } = await import("../user.ts");
      setExitCode(await userListCommand({ ...serverFlags(flags), limit: limitFlag(flags) }, output));
    });
  withServerOptions(group.command("add"))
    .argument("<name>", "as the person is called")
    .description("add somebody; the password is read from standard input")
    .option("--group <name>", "may be given several times", collectTexts, [])
    .option("--role <role>", "viewer, responder, operator or admin; default: as login.roles says")
    .action(async (name: string, flags: Flags) => {
      const { userAddCommand } = await import("../user.ts");
      const parts = { groups: textsFlag(flags, "group"), role: textFlag(flags, "role") };
      setExitCode(await userAddCommand(name, { ...serverFlags(flags), ...parts }, process.stdin, output));
    });
  withServerOptions(group.command("remove"))
    .argument("<name>", "of somebody who is kept on the service")
    .description("remove somebody, with their sessions and tokens")
    .action(async (name: string, flags: Flags) => {
      const { userRemoveCommand } = await import("../user.ts");
      setExitCode(await userRemoveCommand(name, serverFlags(flags), output));
    });
}
