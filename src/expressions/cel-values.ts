import { type Environment, Optional } from "@marcbachmann/cel-js";
import type { ObjectType, ValueType } from "./expression.ts";

/** JSON nested deeper than this is refused; it is no document that a rule or a runbook looks into. */
const JSON_DEPTH_MAX = 64;

/** Makes the value that CEL works on. Undefined where there is none. */
export type Converter = (value: unknown) => unknown;

/** CEL's duration as cel-js holds it. The class itself is not exported there. */
interface CelDuration {
  readonly seconds: bigint;
  readonly nanos: number;
}
export interface DurationClass {
  new (seconds: bigint, nanos?: number): CelDuration;
  fromMilliseconds(durationMs: number): CelDuration;
}

/** The class of cel-js' durations, taken from a value of it. */
export function durationClass(cel: Environment): DurationClass {
  const sample = cel.evaluate('duration("0s")') as object;
  return sample.constructor as DurationClass;
}

/** An object of the scope as CEL sees it: fields are converted when they are first read. */
export interface ObjectView {
  readonly raw: unknown;
}
export type ViewClass = new (raw: unknown) => ObjectView;

/**
 * The class for one object type. It extends Map because cel-js reads fields of a Map with `get`: a field named
 * `constructor` or `__proto__` is then only data.
 */
export function viewClass(converters: ReadonlyMap<string, Converter>): ViewClass {
  return class extends Map<string, unknown> implements ObjectView {
    readonly raw: unknown;

    constructor(raw: unknown) {
      super();
      this.raw = raw;
    }

    override get(field: string): unknown {
      const kept = super.get(field);
      if (kept !== undefined) return kept;
      const value = converters.get(field)?.(ownField(this.raw, field));
      if (value !== undefined) super.set(field, value);
      return value;
    }
  };
}

/** The converter of a type. Objects are made by the class that `viewOf` gives for them. */
export function converterFor(
  type: ValueType,
  viewOf: (type: ObjectType) => ViewClass,
  durations: DurationClass,
): Converter {
  if (typeof type !== "string" && "items" in type) {
    const convert = converterFor(type.items, viewOf, durations);
    return (value) => (Array.isArray(value) ? value.map((item) => convert(item)) : (value ?? undefined));
  }
  if (typeof type !== "string") {
    const View = viewOf(type);
    return (value) => (isObject(value) ? new View(value) : (value ?? undefined));
  }
  if (type === "dyn") return (value) => (value === undefined ? undefined : fromJson(value));
  if (type === "int")
    return (value) =>
      typeof value === "number" && Number.isInteger(value) ? BigInt(value) : (value ?? undefined);
  if (type === "timestamp") return toTimestamp;
  if (type === "duration")
    return (value) => (typeof value === "number" ? durations.fromMilliseconds(value) : (value ?? undefined));
  const map = /^map<string, (.+)>$/.exec(type)?.[1];
  if (map !== undefined) return mapConverter(map as ValueType, viewOf, durations);
  const list = /^list<(.+)>$/.exec(type)?.[1];
  if (list !== undefined) {
    const convert = converterFor(list as ValueType, viewOf, durations);
    return (value) => (Array.isArray(value) ? value.map(convert) : (value ?? undefined));
  }
  return (value) => value ?? undefined;
}

function toTimestamp(value: unknown): unknown {
  if (typeof value !== "string") return value ?? undefined;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function mapConverter(
  valueType: ValueType,
  viewOf: (type: ObjectType) => ViewClass,
  durations: DurationClass,
): Converter {
  const convert = converterFor(valueType, viewOf, durations);
  const isAsIs = valueType === "string" || valueType === "double" || valueType === "bool";
  return (value) => {
    if (!isObject(value)) return value ?? undefined;
    if (value instanceof Map && isAsIs) return value;
    const entries = value instanceof Map ? value.entries() : Object.entries(value);
    return new Map([...entries].map(([key, item]) => [key, convert(item)]));
  };
}

/**
 * A JSON value for CEL: whole numbers become integers, and objects become Maps, in which no name is special. Throws
 * RangeError below {@link JSON_DEPTH_MAX} levels.
 */
export function fromJson(value: unknown, depth = 0): unknown {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (!isObject(value) || value instanceof Date) return value ?? null;
  if (depth >= JSON_DEPTH_MAX)
    throw new RangeError(`the value is nested deeper than ${JSON_DEPTH_MAX} levels`);
  if (Array.isArray(value)) return value.map((item) => fromJson(item, depth + 1));
  const entries = value instanceof Map ? value.entries() : Object.entries(value);
  return new Map([...entries].map(([key, item]) => [key, fromJson(item, depth + 1)]));
}

/** The JSON value of a CEL value, as {@link Expression.evaluate} describes it. */
export function toJson(value: unknown): unknown {
  if (typeof value === "bigint") return integerToJson(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : nonFiniteText(value);
  if (!isObject(value)) return value ?? null;
  if (Array.isArray(value) || value instanceof Set) return [...value].map((item) => toJson(item));
  if (value instanceof Map) return isView(value) ? toJson(value.raw) : entriesToJson(value);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return entriesToJson(Object.entries(value));
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Optional) return value.hasValue() ? toJson(value.value()) : null;
  if (value instanceof Uint8Array)
    return btoa(Array.from(value, (byte) => String.fromCharCode(byte)).join(""));
  if (isDuration(value)) return durationText(value);
  const primitive: unknown = value.valueOf();
  if (typeof primitive === "bigint") return integerToJson(primitive);
  return "name" in value ? value.name : null;
}

function entriesToJson(entries: Iterable<[unknown, unknown]>): unknown {
  return Object.fromEntries([...entries].map(([key, item]) => [String(key), toJson(item)]));
}

/** A duration as seconds, in protobuf's JSON form: `90s`, `0.25s`. */
export function durationText({ seconds, nanos }: CelDuration): string {
  const total = seconds * 1_000_000_000n + BigInt(nanos);
  const magnitude = total < 0n ? -total : total;
  const fraction = String(magnitude % 1_000_000_000n)
    .padStart(9, "0")
    .replace(/0+$/, "");
  return `${total < 0n ? "-" : ""}${magnitude / 1_000_000_000n}${fraction === "" ? "" : `.${fraction}`}s`;
}

function ownField(raw: unknown, field: string): unknown {
  if (raw instanceof Map) return raw.get(field);
  return isObject(raw) && Object.hasOwn(raw, field) ? (raw as Record<string, unknown>)[field] : undefined;
}

function integerToJson(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

function nonFiniteText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "+Inf" : "-Inf";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isView(value: object): value is ObjectView {
  return value instanceof Map && "raw" in value;
}

function isDuration(value: object): value is CelDuration {
  return "seconds" in value && "nanos" in value;
}
