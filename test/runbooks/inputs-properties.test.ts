// Whatever is accepted is of its declared type, survives the way a plan takes, and has one digest; whatever is refused says where and why.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inputsJsonSchema } from "../../src/runbooks/input-shapes.ts";
import { bindInputs, type InputError, type SealSecret } from "../../src/runbooks/inputs.ts";
import { INPUT_TYPES } from "../../src/runbooks/inputs/types.ts";
import { inputsForExpressions, makePlan } from "../../src/runbooks/plan.ts";
import { digestOf, sha256 } from "../../src/platform/digest.ts";
import { inventoryOf } from "../hosts/hosts-file.ts";
import { injectionCorpus, OVERLONG_VALUE } from "../support/injection-corpus.ts";
import { runbookOf } from "./runbook-text.ts";

const inventory = inventoryOf(`
hosts:
  - {name: web-1, address: 10.0.0.1, aliases: [web-1.example.net], labels: {role: web}}
  - {name: web-2, address: 10.0.0.2, labels: {role: web}}
`);
const seal: SealSecret = (input, secret) => `hmac-sha256:${sha256(`${input} ${secret}`)}`;

/** One input of every type, named after it. */
const ALL: Readonly<Record<(typeof INPUT_TYPES)[number], string>> = {
  string: "{type: string, max_length: 200}",
  integer: "{type: integer}",
  number: "{type: number}",
  boolean: "{type: boolean}",
  choice: "{type: choice, options: [a, b, c]}",
  multi_choice: "{type: multi_choice, options: [a, b, c]}",
  host: "{type: host}",
  hosts: "{type: hosts}",
  duration: "{type: duration}",
  date: "{type: date}",
  datetime: "{type: datetime}",
  secret: "{type: secret}",
  file: "{type: file, max_size: 1KiB}",
};
const runbooks = new Map(INPUT_TYPES.map((type) => [type, runbookOf("- {wait: 1s}", `{x: ${ALL[type]}}`)]));
const runbookFor = (type: (typeof INPUT_TYPES)[number]) => {
  const runbook = runbooks.get(type);
  if (runbook === undefined) throw new Error(`no runbook for ${type}`);
  return runbook;
};

const day = fc
  .date({ min: new Date("0001-01-02"), max: new Date("9998-12-30"), noInvalidDate: true })
  .map((date) => date.toISOString());
const file = fc.record({
  name: fc.stringMatching(/^[a-z]{1,20}\.pem$/),
  base64: fc
    .uint8Array({ minLength: 1, maxLength: 1024 })
    .map((bytes) => Buffer.from(bytes).toString("base64")),
});

/** Values that fit, in the spellings that callers have. */
const FITTING: Readonly<Record<(typeof INPUT_TYPES)[number], fc.Arbitrary<unknown>>> = {
  string: fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 50 })
    .filter((text) => !/^-|[\p{Cc}\p{Cs}\u2028-\u202e\u2066-\u2069]/u.test(text)),
  integer: fc
    .maxSafeInteger()
    .filter((value) => !Object.is(value, -0))
    .chain((value) => fc.constantFrom(value, String(value))),
  number: fc.double({ noNaN: true, noDefaultInfinity: true }),
  boolean: fc.constantFrom(true, false, "true", "false"),
  choice: fc.constantFrom("a", "b", "c"),
  multi_choice: fc.oneof(
    fc.constantFrom("a", "b"),
    fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1 }),
  ),
  host: fc.constantFrom("web-1", "web-1:9100", "10.0.0.1", "local"),
  hosts: fc.array(fc.constantFrom("web-1", "web-1.example.net:80", "web-2", "10.0.0.2"), { minLength: 1 }),
  duration: fc.nat({ max: 10_000_000 }).map((count) => `${count}s`),
  date: day.map((text) => text.slice(0, 10)),
  datetime: day,
  secret: fc.stringMatching(/^[!-~]{1,60}$/),
  file,
};

/** Whether a bound value is what its type says that plans hold. */
const IS_OF_TYPE: Readonly<Record<(typeof INPUT_TYPES)[number], (value: unknown) => boolean>> = {
  string: (value) => typeof value === "string",
  integer: (value) => Number.isSafeInteger(value),
  number: (value) => Number.isFinite(value),
  boolean: (value) => typeof value === "boolean",
  choice: (value) => ["a", "b", "c"].includes(String(value)),
  multi_choice: (value) => Array.isArray(value) && value.length > 0 && new Set(value).size === value.length,
  host: (value) => ["web-1", "web-2", "local"].includes(String(value)),
  hosts: (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((name) => /^(web-[12]|local)$/.test(String(name))),
  duration: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  date: (value) => /^\d{4}-\d\d-\d\d$/.test(String(value)),
  datetime: (value) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(String(value)),
  secret: (value) => /^hmac-sha256:[0-9a-f]{64}$/.test(String(value)),
  file: (value) => typeof value === "object" && /^[0-9a-f]{64}$/.test((value as { sha256: string }).sha256),
};

/** A refusal has a place below the input, and says what to write in a sentence that people can read. */
function isHelpful({ pointer, code, message }: InputError): boolean {
  const isPlaced = /^\/x(\/\d+)?$/.test(pointer) && /^[a-z-]+$/.test(code);
  return isPlaced && message.length > 8 && message.length < 2_000;
}

describe.each(INPUT_TYPES)("%s", (type) => {
  const runbook = runbookFor(type);
  const plan = (value: unknown) =>
    makePlan(runbook, { x: value }, { inventory, runbooks: new Map(), sealSecret: seal });

  test("takes what fits; the plan is of the declared type and the same after JSON", () => {
    fc.assert(
      fc.property(FITTING[type], (value) => {
        const planning = plan(value);
        if (!planning.ok) throw new Error(JSON.stringify(planning.errors));
        expect(IS_OF_TYPE[type](planning.plan.inputs["x"])).toBe(true);
        const stored = JSON.parse(JSON.stringify(planning.plan)) as typeof planning.plan;
        expect(stored).toEqual(planning.plan);
        expect(digestOf(stored)).toBe(planning.digest);
        expect(inputsForExpressions(stored, stored)).toEqual(
          inputsForExpressions(planning.plan, planning.plan),
        );
      }),
    );
  });

  test("whatever else comes is accepted as its type, or refused with a place and with words", () => {
    const anything = fc.oneof(
      fc.anything(),
      fc.string({ unit: "binary" }),
      fc.constantFrom(...injectionCorpus("/tmp/canary").map(({ value }) => value), OVERLONG_VALUE),
      fc.array(fc.string()),
      fc.record({ name: fc.string(), base64: fc.string() }),
    );
    fc.assert(
      fc.property(anything, (value) => {
        const bound = bindInputs(runbook, { x: value }, inventory, seal);
        const isGood = bound.ok
          ? IS_OF_TYPE[type](bound.values["x"])
          : bound.errors.length > 0 && bound.errors.every(isHelpful);
        expect(isGood).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("a plan never holds the value of another", () => {
    fc.assert(
      fc.property(FITTING[type], FITTING[type], (left, right) => {
        const [first, second] = [plan(left), plan(right)];
        if (!first.ok || !second.ok) throw new Error("both fit");
        const isSame = digestOf(first.plan.inputs) === digestOf(second.plan.inputs);
        expect(first.digest === second.digest).toBe(isSame);
      }),
    );
  });
});

describe("hostile texts", () => {
  const corpus = [...injectionCorpus("/tmp/canary"), { name: "overlong", value: OVERLONG_VALUE }];
  const TEXTS = new Set(["string", "secret"]);

  test.each(INPUT_TYPES.filter((type) => !TEXTS.has(type)))("are never a %s, alone or in a list", (type) => {
    for (const { name, value } of corpus)
      for (const given of [value, [value], { name: value, base64: value }]) {
        const bound = bindInputs(runbookFor(type), { x: given }, inventory, seal);
        expect(bound.ok, `${name}: ${JSON.stringify(bound).slice(0, 200)}`).toBe(false);
      }
  });

  test("that are taken as text are never changed", () => {
    const taken = corpus.filter(({ value }) => {
      const bound = bindInputs(runbookFor("string"), { x: value }, inventory);
      return bound.ok && bound.values["x"] === value;
    });
    const accepted = corpus.filter(
      ({ value }) => bindInputs(runbookFor("string"), { x: value }, inventory).ok,
    );
    expect(accepted).toEqual(taken);
    const names = taken.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["command substitution", "sql", "our own template"]));
    const refused = ["newline", "leading dash", "recursive force", "ansi colours", "empty", "overlong"];
    expect(names.filter((name) => refused.includes(name))).toEqual([]);
  });

  test("that are refused as secrets are in no message", () => {
    for (const { value } of corpus.filter((one) => one.value.trim().length > 6)) {
      const input = "{type: secret, max_length: 6}";
      const bound = bindInputs(runbookOf("- {wait: 1s}", `{x: ${input}}`), { x: value }, inventory);
      expect(bound.ok).toBe(false);
      expect(JSON.stringify(bound)).not.toContain(JSON.stringify(value).slice(1, -1));
    }
  });

  test("are no names of inputs either", () => {
    for (const { value } of corpus) {
      const bound = bindInputs(runbookFor("boolean"), { x: true, [value]: "y" }, inventory);
      expect(bound.ok ? [] : bound.errors).toMatchObject([{ code: "unknown-input" }]);
    }
  });
});

describe("the digest of a plan with inputs of every type", () => {
  const runbook = runbookOf(
    "- {wait: 1s}",
    `{${INPUT_TYPES.map((type) => `${type}_x: ${ALL[type]}`).join(", ")}}`,
  );
  const given: readonly (readonly [string, unknown, unknown])[] = [
    ["string", "a", "a"],
    ["integer", 5, "5"],
    ["number", 2.5, "2.50"],
    ["boolean", true, "true"],
    ["choice", "a", "a"],
    ["multi_choice", ["a", "c"], ["c", "a", "c"]],
    ["host", "web-1", "web-1.example.net:443"],
    ["hosts", ["web-2", "web-1"], ["10.0.0.2:22", "web-1", "web-2"]],
    ["duration", "90s", "1m30s"],
    ["date", "2026-11-23", "2026-11-23"],
    ["datetime", "2026-11-23T07:00:00Z", "2026-11-23T08:00:00.000+01:00"],
    ["secret", "hunter2", "hunter2"],
    ["file", { name: "a.pem", base64: "aGVsbG8=" }, { base64: "aGVsbG8=", name: "a.pem" }],
  ];
  const digestFor = (pairs: readonly (readonly [string, unknown])[]) => {
    const raw = Object.fromEntries(pairs.map(([type, value]) => [`${type}_x`, value]));
    const planning = makePlan(runbook, raw, { inventory, runbooks: new Map(), sealSecret: seal });
    if (!planning.ok) throw new Error(JSON.stringify(planning.errors));
    return planning.digest;
  };
  const plain = digestFor(given.map(([type, value]) => [type, value]));

  test("every type is among them", () => {
    expect(given.map(([type]) => type).sort()).toEqual([...INPUT_TYPES].sort());
  });

  test("is the same for other spellings in any order", () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...given], { minLength: given.length }),
        fc.infiniteStream(fc.boolean()),
        (order, isOther) => {
          const pairs = order.map(
            ([type, first, second]) => [type, isOther.next().value === true ? second : first] as const,
          );
          expect(digestFor(pairs)).toBe(plain);
        },
      ),
    );
  });

  test.each([
    ["string", "b"],
    ["integer", 6],
    ["number", 2.4],
    ["boolean", false],
    ["choice", "b"],
    ["multi_choice", ["a"]],
    ["host", "web-2"],
    ["hosts", ["web-1", "web-2"]],
    ["duration", "91s"],
    ["date", "2026-11-24"],
    ["datetime", "2026-11-23T07:00:00.001Z"],
    ["secret", "hunter3"],
    ["file", { name: "a.pem", base64: "aGVsbG9v" }],
    ["file", { name: "b.pem", base64: "aGVsbG8=" }],
  ])("is another one for another %s", (changed, other) => {
    expect(digestFor(given.map(([type, value]) => [type, type === changed ? other : value]))).not.toBe(plain);
  });

  test("tells no secret: not in the plan, and without a key not even whether two are equal", () => {
    const raw = (secret: string) =>
      Object.fromEntries(given.map(([type, value]) => [`${type}_x`, type === "secret" ? secret : value]));
    const [first, second] = [
      makePlan(runbook, raw("hunter2"), { inventory, runbooks: new Map() }),
      makePlan(runbook, raw("other"), { inventory, runbooks: new Map() }),
    ];
    if (!first.ok || !second.ok) throw new Error("both fit");
    expect(JSON.stringify(first.plan)).not.toContain("hunter2");
    expect(first.digest).toBe(second.digest);
  });
});

describe("the JSON Schema", () => {
  test("has every type, and allows nothing else", () => {
    const runbook = runbookOf(
      "- {wait: 1s}",
      `{${INPUT_TYPES.map((type) => `${type}_x: ${ALL[type]}`).join(", ")}}`,
    );
    const schema = inputsJsonSchema(runbook.inputs);
    expect(schema).toMatchObject({ type: "object", additionalProperties: false });
    expect(Object.keys(schema["properties"] as object)).toEqual(INPUT_TYPES.map((type) => `${type}_x`));
    expect(schema["required"]).toEqual(INPUT_TYPES.map((type) => `${type}_x`));
  });
});
