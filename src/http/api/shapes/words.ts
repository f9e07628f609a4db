import { z } from "zod";
import { PERMISSION_NAMES } from "../../../access/authorize.ts";
import { PRINCIPAL_NAME, ROLES } from "../../../access/principal.ts";
import { EFFECTS } from "../../../runbooks/runbook.ts";
import { DECISION_KINDS, REASONS } from "../../../runs/reasons.ts";
import { EPISODE_STATES, TRIGGER_KINDS } from "../../../runs/records.ts";
import { OUTCOMES, RUN_STATES } from "../../../runs/states.ts";

// The closed lists of words that several shapes have.

export const reasonSchema = z
  .enum(REASONS)
  .meta({ id: "Reason", description: "Why an alert started no run, or why a start has to wait." });

export const runStateSchema = z.enum(RUN_STATES).meta({ id: "RunStatus" });

export const outcomeSchema = z
  .enum(OUTCOMES)
  .meta({ id: "Outcome", description: "What a run did for its alert." });

export const alertStatusSchema = z.enum(EPISODE_STATES).meta({ id: "AlertStatus" });

export const decisionKindSchema = z
  .enum(DECISION_KINDS)
  .meta({ id: "DecisionKind", description: "What was done with an alert." });

export const triggerKindSchema = z
  .enum(TRIGGER_KINDS)
  .meta({ id: "TriggerKind", description: "What started a run." });

export const effectSchema = z.enum(EFFECTS).meta({ id: "Effect" });

export const permissionSchema = z.enum(PERMISSION_NAMES).meta({
  id: "Permission",
  description: "What somebody may do; one that changes things is not given by a token that only reads.",
});

export const roleSchema = z.enum(ROLES).meta({ id: "Role" });

/** `user:dana`, `rule:web-latency`, `schedule:nightly`. */
export const principalSchema = z.string();

/** Text on one line: no control characters, and no half of a surrogate pair. */
export const NO_CONTROLS = /^[^\p{Cc}\p{Cs}]*$/u;

/** The name of a person, as it is written down: letters of any script. */
export const personNameSchema = z
  .string()
  .regex(PRINCIPAL_NAME, "has 1 to 128 letters, digits and . _ @ + -");
