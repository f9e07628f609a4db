/** A type as the checker knows it. An object's fields are checked by name; `dyn` is checked when it is evaluated. */
export type ValueType =
  | "string"
  | "int"
  | "double"
  | "bool"
  | "timestamp"
  | "duration"
  | "dyn"
  | `map<string, ${string}>`
  | `list<${string}>`
  | ListType
  | ObjectType;
export interface ObjectType {
  readonly fields: Readonly<Record<string, ValueType>>;
}
/** A list of objects; lists of plain values are `list<...>`. */
export interface ListType {
  readonly items: ObjectType;
}

/** The variables an expression may use. Pass the same object for the same scope: its environment is built once. */
export type Scope = Readonly<Record<string, ValueType>>;

/** Names of a field from the outermost variable on, as `["alert", "labels", "env"]`. */
export type FieldPath = readonly string[];

/** A field that an expression reads, as `alert.labels.env` or `steps.x.?outputs.?load`. */
export interface Reference {
  readonly path: FieldPath;
  /** True where a missing value is allowed for: below `has()`, by `.?` or `[?]`, or by `has()` or `in` before it. */
  readonly isGuarded: boolean;
  /** Offsets in the expression's source. */
  readonly start: number;
  readonly end: number;
}

export interface Expression {
  readonly source: string;
  readonly references: readonly Reference[];
  /** Fields that are present whenever the value is true, by `has()`, `in` or `hasValue()` in it. */
  readonly presentWhenTrue: readonly FieldPath[];
  /**
   * The value for these variables, as JSON: integers become numbers (text beyond 2^53), timestamps RFC 3339 text,
   * durations seconds as `1.5s`, an absent optional null. Throws {@link ExpressionError} on a missing key, a wrong type
   * or a division by zero. Variables are plain JSON-like values (with Map for labels): where the scope says `int` a
   * whole number, `timestamp` RFC 3339 text or a Date, `duration` a number of milliseconds, `dyn` any JSON, in which
   * whole numbers are integers. Null is an absent value, except inside `dyn`.
   */
  evaluate(variables: Readonly<Record<string, unknown>>): unknown;
}

export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
  /** `missing` and `evaluation` come from evaluating, the others from compiling. */
  readonly code: "syntax" | "type" | "unknown-name" | "not-allowed" | "missing" | "evaluation";
  /** Offsets in the expression's source. */
  readonly start: number;
  readonly end: number;

  constructor(
    code: ExpressionError["code"],
    message: string,
    start: number,
    end: number,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.code = code;
    this.start = start;
    this.end = end;
  }
}
