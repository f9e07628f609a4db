import type { AuditRecord, RunDetails, RunStep } from "./generated.ts";

// What the API answers, under the names that the pages use.

export type {
  AllStatistics,
  Alert,
  AlertDetails,
  AlertSilence,
  Approval,
  ApprovalDetails,
  Artifact,
  Decision,
  Explanation,
  GuardVerdict,
  Host,
  Input,
  LastDecision,
  LogPart,
  Log,
  LogMatch,
  LogMatches,
  Me,
  NewToken,
  Notice,
  Pause,
  Plan,
  Rule,
  RuleDetails,
  Run,
  RunDetails,
  RunQueue,
  Runbook,
  RunbookDetails,
  Schedule,
  Source,
  Statistics,
  Status,
  Token,
} from "./generated.ts";

export type AuditRow = AuditRecord;
export type Step = RunStep;
/** What the events of a run bring. */
export type RunUpdate = Partial<RunDetails>;

export interface List<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}
