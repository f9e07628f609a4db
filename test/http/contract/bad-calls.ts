import type { Call } from "./calls.ts";
import type { DocumentedOperation, Json, Schemas } from "./document.ts";

/** A call that has to be refused, whatever the operation. */
export interface BadCall extends Call {
  readonly what: string;
  /** Of the first error, where it is about a place. */
  readonly pointer?: string;
}

const UNKNOWN_ID = "01900000-0000-7000-8000-000000000000";

/** Everything that can be made wrong with a call that is right, by what the document says of it. */
export function badCallsOf(operation: DocumentedOperation, good: Call, schemas: Schemas): BadCall[] {
  const { headers: _, ...call } = good;
  const isOpen = operation.permission === "open";
  const isChange = operation.method !== "GET";
  const json = { "content-type": "application/json" };
  return [
    ...(isOpen ? [] : [{ ...call, what: "nobody asks", who: null, status: 401 }]),
    ...(["open", "known"].includes(operation.permission)
      ? []
      : [{ ...call, what: "somebody without rights asks", who: "nora" as const, status: 403 }]),
    { ...call, what: "an unknown parameter", query: { no_such: "1" }, status: 400, pointer: "/no_such" },
    ...operation.parameters.flatMap((parameter) => wrongParameter(parameter, call)),
    ...unknownThing(operation, call),
    ...(isChange
      ? [
          { ...call, what: "an unknown key", body: { no_such: 1 }, status: 422, pointer: "/no_such" },
          { ...call, what: "no JSON", body: "{", headers: json, status: 400 },
          { ...call, what: "a form", body: "a=1", headers: { "content-type": "text/plain" }, status: 415 },
          { ...call, what: "a large body", body: `"${"x".repeat(17 * 1024 ** 2)}"`, status: 413 },
          ...wrongKeys(operation, call, schemas),
        ]
      : []),
  ];
}

const WRONG: Readonly<Record<string, string>> = { integer: "x", boolean: "maybe" };

function wrongParameter(parameter: DocumentedOperation["parameters"][number], call: Call): BadCall[] {
  const { name, schema } = parameter;
  if (parameter.in !== "query") return [];
  const pointer = `/${name}`;
  const isWord = schema["enum"] !== undefined || schema["format"] !== undefined || name === "after";
  const wrong = WRONG[String(schema["type"])] ?? (isWord ? "\0 nonsense" : null);
  const refused = (value: string) => ({
    ...call,
    what: `${name}=${value}`,
    query: { ...call.query, [name]: value },
    status: 400,
    pointer,
  });
  const { minimum, maximum } = schema as { minimum?: number; maximum?: number };
  return [
    ...(wrong === null ? [] : [refused(wrong)]),
    ...(minimum === undefined || minimum === 0 ? [] : [refused(String(minimum - 1))]),
    ...(maximum === undefined ? [] : [refused(String(maximum + 1))]),
    ...(parameter.required ? [{ ...call, what: `no ${name}`, query: {}, status: 400 }] : []),
  ];
}

/** About something that is not there. */
function unknownThing(operation: DocumentedOperation, call: Call): BadCall[] {
  const inPath = operation.parameters.filter((parameter) => parameter.in === "path");
  if (inPath.length === 0) return [];
  const asked = (value: (name: string) => string, what: string): BadCall => ({
    ...call,
    what,
    params: { ...call.params, ...Object.fromEntries(inPath.map(({ name }) => [name, value(name)])) },
    status: 404,
  });
  return [
    asked((name) => (name === "id" ? UNKNOWN_ID : "nothing"), "what is not there"),
    asked(() => "no such\u0001thing", "what cannot be there"),
  ];
}

/** Each key of the body with a value that the document does not allow. */
function wrongKeys(operation: DocumentedOperation, call: Call, schemas: Schemas): BadCall[] {
  const properties = (operation.body?.["properties"] ?? {}) as Readonly<Record<string, Json>>;
  return Object.entries(properties).flatMap(([name, schema]) => {
    const wrong = [{ wrong: [1] }, 5, ["\0"], true, null].filter(
      (value) => schemas.problems(schema, value).length > 0,
    );
    return wrong.map((value) => ({
      ...call,
      what: `${name}: ${JSON.stringify(value)}`,
      body: { ...(call.body as Json | undefined), [name]: value },
      status: 422,
      pointer: `/${name}`,
    }));
  });
}
