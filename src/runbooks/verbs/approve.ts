import { z } from "zod";
import { positiveDurationSchema, textSchema, wordSchema } from "../../platform/schemas.ts";
import { principalSchema } from "../principals.ts";

export interface ApproveSpec {
  /** Who of those that the runbook's `access.approve` names; empty: all of them. */
  readonly from: readonly string[];
  /** So many different people have to say yes. */
  readonly count: number;
  readonly timeoutMs: number;
  /** What people are asked; null for a sentence that names step, runbook and hosts. */
  readonly message: string | null;
}

/** How long people are asked where nothing else is said. */
export const APPROVAL_TIMEOUT_MS = 30 * 60_000;
/** More would be a vote. */
const COUNT_MAX = 20;
const MESSAGE_CHARS_MAX = 2_000;

/** How many different people have to say yes. */
export const approvalCountSchema = z
  .int()
  .min(1)
  .max(COUNT_MAX)
  .meta({ description: "How many different people have to say yes; default 1" });

export const approveSchema = z
  .strictObject({
    from: z
      .array(principalSchema)
      .min(1)
      .optional()
      .meta({ description: "Who of those that access.approve names" }),
    count: approvalCountSchema.optional(),
    timeout: positiveDurationSchema
      .optional()
      .meta({ description: "How long people are asked; default 30m" }),
    on_timeout: wordSchema(["reject"]).optional(),
    message: textSchema
      .min(1)
      .max(MESSAGE_CHARS_MAX)
      .optional()
      .meta({ description: "What people are asked" }),
  })
  .transform(
    ({ from, count, timeout, message }): ApproveSpec => ({
      from: from ?? [],
      count: count ?? 1,
      timeoutMs: timeout ?? APPROVAL_TIMEOUT_MS,
      message: message ?? null,
    }),
  );

/** Whom a step asks what to do once it has failed. */
export interface AskOnFailure {
  readonly from: readonly string[];
  readonly timeoutMs: number;
}

export const askOnFailureSchema = z
  .strictObject({
    from: z
      .array(principalSchema)
      .min(1)
      .optional()
      .meta({ description: "Who of those that access.approve names" }),
    timeout: positiveDurationSchema
      .optional()
      .meta({ description: "How long people are asked; default 30m" }),
    on_timeout: wordSchema(["stop"]).optional(),
  })
  .transform(
    ({ from, timeout }): AskOnFailure => ({ from: from ?? [], timeoutMs: timeout ?? APPROVAL_TIMEOUT_MS }),
  );
