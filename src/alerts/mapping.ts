import { z } from "zod";
import { compileExpression, type Expression, type Scope } from "../expressions/cel.ts";

const expressionSchema = z.string().min(1).max(4_096);

/** The `map:` of a generic source: each value is a CEL expression. */
export const mappingSchema = z.strictObject({
  alerts: expressionSchema
    .optional()
    .meta({ description: "The list of alerts in `body`; the body itself is the one alert when left out" }),
  status: expressionSchema.meta({ description: 'Gives "firing" or "resolved"' }),
  labels: expressionSchema.meta({ description: "Gives a map of texts; null values are left out" }),
  annotations: expressionSchema.optional().meta({ description: "Gives a map of texts" }),
  starts_at: expressionSchema
    .optional()
    .meta({ description: "RFC 3339 text or a timestamp; time of receipt when left out" }),
  ends_at: expressionSchema.optional().meta({ description: "Read of a resolved alert only" }),
  fingerprint: expressionSchema
    .optional()
    .meta({ description: "Any text that is the same for the same alert; of the labels when left out" }),
});
export type MappingSource = z.output<typeof mappingSchema>;
export type MappingKey = keyof MappingSource;

/** A compiled `map:`. */
export interface Mapping {
  /** Null: the body is one alert. */
  readonly alerts: Expression | null;
  readonly status: Expression;
  readonly labels: Expression;
  readonly annotations: Expression | null;
  readonly startsAt: Expression | null;
  readonly endsAt: Expression | null;
  readonly fingerprint: Expression | null;
}

/** One expression of a `map:` that does not compile; `cause` is the ExpressionError with its offsets. */
export class MappingError extends Error {
  override readonly name = "MappingError";
  readonly key: MappingKey;

  constructor(key: MappingKey, cause: unknown) {
    super(`${key}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.key = key;
  }
}

const BODY_SCOPE: Scope = { body: "dyn" };
const ITEM_SCOPE: Scope = { body: "dyn", item: "dyn" };

/** Compiles each expression once, when the settings are loaded. Throws {@link MappingError}. */
export function compileMapping(map: MappingSource): Mapping {
  const compileItem = (key: MappingKey): Expression | null => compile(key, map[key], ITEM_SCOPE);
  return {
    alerts: compile("alerts", map.alerts, BODY_SCOPE),
    status: compileRequired("status", map.status),
    labels: compileRequired("labels", map.labels),
    annotations: compileItem("annotations"),
    startsAt: compileItem("starts_at"),
    endsAt: compileItem("ends_at"),
    fingerprint: compileItem("fingerprint"),
  };
}

function compile(key: MappingKey, source: string | undefined, scope: Scope): Expression | null {
  return source === undefined ? null : compileIn(key, source, scope);
}

function compileRequired(key: MappingKey, source: string): Expression {
  return compileIn(key, source, ITEM_SCOPE);
}

function compileIn(key: MappingKey, source: string, scope: Scope): Expression {
  try {
    return compileExpression(source, scope);
  } catch (error) {
    throw new MappingError(key, error);
  }
}
