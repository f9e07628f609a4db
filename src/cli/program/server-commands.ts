import type { Command } from "commander";
import { addAccessCommands } from "./access-commands.ts";
import { addAlertCommands } from "./alert-commands.ts";
import { addApprovalCommands } from "./approval-commands.ts";
import { addArchiveCommands } from "./archive-commands.ts";
import { addHostCommands } from "./host-commands.ts";
import { addAuditCommands } from "./audit-commands.ts";
import type { ProgramContext } from "./options.ts";
import { addNoticeCommands } from "./notice-commands.ts";
import { addPauseCommands } from "./pause-commands.ts";
import { addRuleCommands } from "./rule-commands.ts";
import { addRunStartCommands } from "./run-start-commands.ts";
import { addScheduleCommands } from "./schedule-commands.ts";
import { addRunCommands } from "./run-commands.ts";

/** The commands that talk to a running server. */
export function addServerCommands(program: Command, context: ProgramContext, programFolder: string): void {
  addAccessCommands(program, context, programFolder);
  addAlertCommands(program, context);
  addApprovalCommands(program, context);
  addArchiveCommands(program, context);
  addAuditCommands(program, context, programFolder);
  addHostCommands(program, context, programFolder);
  addNoticeCommands(program, context);
  addPauseCommands(program, context);
  addRuleCommands(program, context);
  addRunStartCommands(program, context);
  addRunCommands(program, context);
  addScheduleCommands(program, context);
}
