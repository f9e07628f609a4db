import { z } from "zod";

/** The keys a schema knows for the object that the path leads to; all branches of a union together. */
export function knownKeysAt(schema: z.core.$ZodType, path: readonly (string | number)[]): Set<string> {
  const [head, ...rest] = path;
  const known = new Set<string>();
  for (const candidate of unwrap(schema)) {
    if (head === undefined) {
      if (candidate instanceof z.ZodObject) for (const key of Object.keys(candidate.shape)) known.add(key);
      continue;
    }
    const next = childOf(candidate, head);
    if (next !== undefined) for (const key of knownKeysAt(next, rest)) known.add(key);
  }
  return known;
}

function childOf(schema: z.core.$ZodType, part: string | number): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodObject) return schema.shape[part] as z.core.$ZodType | undefined;
  if (schema instanceof z.ZodArray) return schema.element;
  if (schema instanceof z.ZodRecord) return schema.valueType;
  if (schema instanceof z.ZodTuple && typeof part === "number") return schema.def.items[part];
  return undefined;
}

/** The plain schemas behind optional, default, pipe, lazy and union wrappers. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable)
    return unwrap(schema.def.innerType);
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodReadonly) return unwrap(schema.def.innerType);
  if (schema instanceof z.ZodPipe) return unwrap(schema.def.in);
  if (schema instanceof z.ZodLazy) return unwrap(schema.def.getter());
  if (schema instanceof z.ZodUnion) return schema.def.options.flatMap(unwrap);
  return [schema];
}
