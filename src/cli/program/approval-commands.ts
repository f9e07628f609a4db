import { type Command, Option } from "commander";
import { APPROVAL_STATES } from "../../runs/guard-records.ts";
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

export function addApprovalCommands(program: Command, { output, setExitCode }: ProgramContext): void {
  const group = commandGroup(program, "approval", "say yes or no to runs that ask first");
  withServerOptions(withLimit(group.command("list")))
    .description("show what people are asked, the open ones first")
    .addOption(new Option("--status <status>", "only those").choices(APPROVAL_STATES))
    .action(async (flags: Flags) => {
      const { approvalListCommand } = await import("../approval.ts");
      const parts = { status: textFlag(flags, "status"), limit: limitFlag(flags) };
      setExitCode(await approvalListCommand({ ...serverFlags(flags), ...parts }, output));
    });
  for (const decision of ["approve", "reject"] as const) {
    withServerOptions(group.command(decision))
      .argument("<id>", "of the approval")
      .description(decision === "approve" ? "let the run start" : "end the run before it starts")
      .option("--comment <text>", "kept with the decision")
      .option("--plan-digest <digest>", "the plan that was looked at; another one is refused")
      .action(async (id: string, flags: Flags) => {
        const { approvalDecideCommand } = await import("../approval.ts");
        const parts = { comment: textFlag(flags, "comment"), planDigest: textFlag(flags, "planDigest") };
        setExitCode(await approvalDecideCommand(decision, id, { ...serverFlags(flags), ...parts }, output));
      });
  }
}
