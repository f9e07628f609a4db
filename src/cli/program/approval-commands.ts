import { type Command, Option } from "commander";
import { ANSWERS, APPROVAL_STATES } from "../../runs/approvals.ts";
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

const DESCRIPTIONS = {
  approve: "let the run start, or go on",
  reject: "end the run",
  retry: "try the step again that has failed",
  skip: "go on after the step that has failed",
  stop: "let the run end as failed",
} as const;

export function addApprovalCommands(program: Command, { output, setExitCode }: ProgramContext): void {
  const group = commandGroup(program, "approval", "answer runs that ask people");
  withServerOptions(withLimit(group.command("list")))
    .description("show what people are asked, the open ones first")
    .addOption(new Option("--status <status>", "only those").choices(APPROVAL_STATES))
    .action(async (flags: Flags) => {
      const { approvalListCommand } = await import("../approval.ts");
      const parts = { status: textFlag(flags, "status"), limit: limitFlag(flags) };
      setExitCode(await approvalListCommand({ ...serverFlags(flags), ...parts }, output));
    });
  for (const answer of ANSWERS) {
    withServerOptions(group.command(answer))
      .argument("<id>", "of the approval")
      .description(DESCRIPTIONS[answer])
      .option("--comment <text>", "kept with the decision")
      .option("--plan-digest <digest>", "the plan that was looked at; another one is refused")
      .action(async (id: string, flags: Flags) => {
        const { approvalAnswerCommand } = await import("../approval.ts");
        const parts = { comment: textFlag(flags, "comment"), planDigest: textFlag(flags, "planDigest") };
        setExitCode(await approvalAnswerCommand(answer, id, { ...serverFlags(flags), ...parts }, output));
      });
  }
}
