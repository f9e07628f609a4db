// Options that stand in a file: read with the catalog, part of its digest, checked again when values are bound, seen whole by expressions.
import fc from "fast-check";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { CsvError, parseCsv } from "../../src/catalog/csv.ts";
import { loadCatalog } from "../../src/catalog/load.ts";
import { CatalogHolder, type ReloadResult } from "../../src/catalog/reload.ts";
import { inputShape } from "../../src/runbooks/input-shapes.ts";
import { bindInputs } from "../../src/runbooks/inputs.ts";
import { inputsForExpressions, makePlan } from "../../src/runbooks/plan.ts";
import { type ConfigFolder, createConfigFolder, GOOD } from "./folder.ts";

const CSV = `name,title,region
db-1,Orders,eu
db-2,"Users, all ""of"" them",us
`;

async function folderWith(files: Readonly<Record<string, string>>): Promise<ConfigFolder> {
  const folder = await createConfigFolder({ ...GOOD, ...files });
  onTestFinished(() => folder[Symbol.asyncDispose]());
  return folder;
}

const runbook = (file: string, type = "choice") => `name: pick
inputs:
  db: {type: ${type}, options_from: {file: ${file}, value: name, label: title}}
steps:
  - {id: look, target: local, effect: read, command: [look, "\${{ inputs.db${type === "choice" ? "" : "[0]"}.row.region }}"]}
`;

async function pick(file: string, text: string, type?: string) {
  const folder = await folderWith({ "runbooks/pick.yml": runbook(`../${file}`, type), [file]: text });
  const catalog = await loadCatalog(folder.source);
  expect(catalog.problems).toEqual([]);
  const found = catalog.runbooks.get("pick");
  if (found === undefined) throw new Error("the runbook is not there");
  const sources = { inventory: catalog.inventory, runbooks: catalog.runbooks };
  return { folder, catalog, runbook: found, sources };
}

describe("options_from", () => {
  test.each([
    ["data/dbs.csv", CSV],
    [
      "data/dbs.yml",
      "- {name: db-1, title: Orders, region: eu}\n- {name: db-2, title: 'Users, all \"of\" them', region: us}\n",
    ],
    [
      "data/dbs.json",
      JSON.stringify([
        { name: "db-1", title: "Orders", region: "eu" },
        { name: "db-2", title: 'Users, all "of" them', region: "us" },
      ]),
    ],
  ])("reads %s", async (file, text) => {
    const { runbook: found, sources } = await pick(file, text);
    const input = found.inputs.get("db");
    expect(input && inputShape(input)["options"]).toEqual([
      { value: "db-1", label: "Orders" },
      { value: "db-2", label: 'Users, all "of" them' },
    ]);
    const planning = makePlan(found, { db: "db-2" }, sources);
    if (!planning.ok) throw new Error(JSON.stringify(planning.errors));
    const { plan } = planning;
    expect(plan.inputs).toEqual({ db: "db-2" });
    expect(inputsForExpressions(plan, plan)).toEqual({
      db: {
        value: "db-2",
        label: 'Users, all "of" them',
        row: { name: "db-2", title: 'Users, all "of" them', region: "us" },
      },
    });
    const template = found.templates.get("${{ inputs.db.row.region }}");
    expect(template?.render({ inputs: inputsForExpressions(plan, plan) })).toBe("us");
  });

  test("a value that is in no row is refused when it is bound, whatever a form has shown", async () => {
    const { runbook: found, sources } = await pick("data/dbs.csv", CSV);
    const bound = bindInputs(found, { db: "db-3" }, sources.inventory);
    expect(bound.ok ? [] : bound.errors).toMatchObject([
      { pointer: "/db", code: "not-an-option", message: "the value must be one of: db-1, db-2" },
    ]);
  });

  test("rows of several values stand in the order of the file", async () => {
    const { runbook: found, sources } = await pick("data/dbs.csv", CSV, "multi_choice");
    const planning = makePlan(found, { db: ["db-2", "db-1"] }, sources);
    if (!planning.ok) throw new Error(JSON.stringify(planning.errors));
    const { plan, digest } = planning;
    expect(inputsForExpressions(plan, plan)["db"]).toMatchObject([{ value: "db-1" }, { value: "db-2" }]);
    const other = makePlan(found, { db: ["db-1", "db-2"] }, sources);
    expect(other.ok && other.digest).toBe(digest);
  });

  test("another row under the same value is another plan and another catalog", async () => {
    const first = await pick("data/dbs.csv", CSV);
    const before = makePlan(first.runbook, { db: "db-1" }, first.sources);
    await first.folder.write("data/dbs.csv", CSV.replace(",eu", ",us"));
    const catalog = await loadCatalog(first.folder.source);
    const found = catalog.runbooks.get("pick");
    const after =
      found && makePlan(found, { db: "db-1" }, { inventory: catalog.inventory, runbooks: catalog.runbooks });
    expect(catalog.digest).not.toBe(first.catalog.digest);
    expect(found?.digest).toBe(first.runbook.digest);
    expect(before.ok && after?.ok && after.digest !== before.digest).toBe(true);
    expect(catalog.files).toContainEqual(expect.objectContaining({ kind: "options" }));
  });

  test("a reload takes on a changed file, and keeps the earlier snapshot when it is wrong", async () => {
    const { folder } = await pick("data/dbs.csv", CSV);
    const holder = await CatalogHolder.open(folder.source);
    onTestFinished(() => holder.close());
    const names = () =>
      holder
        .current()
        .runbooks.get("pick")
        ?.inputs.get("db")
        ?.rows?.map((row) => row.value);
    await folder.write("data/dbs.csv", `${CSV}db-3,Third,eu\n`);
    expect(await holder.reload()).toMatchObject({ kind: "changed" });
    expect(names()).toEqual(["db-1", "db-2", "db-3"]);
    await folder.write("data/dbs.csv", `${CSV}db-1,Again,eu\n`);
    expect(await holder.reload()).toMatchObject({ kind: "refused" });
    await folder.remove("data/dbs.csv");
    expect(await holder.reload()).toMatchObject({ kind: "refused" });
    expect(names()).toEqual(["db-1", "db-2", "db-3"]);
  });

  test("the file is watched", async () => {
    const { folder } = await pick("data/dbs.csv", CSV);
    const holder = await CatalogHolder.open(folder.source);
    onTestFinished(() => holder.close());
    const results: ReloadResult[] = [];
    holder.watch(
      (result) => results.push(result),
      () => {},
    );
    await folder.write("data/dbs.csv", `${CSV}db-3,Third,eu\n`);
    await vi.waitFor(() => expect(results).toMatchObject([{ kind: "changed" }]), { timeout: 20_000 });
  });

  test("two inputs may take different columns of one file", async () => {
    const text = `name: both
inputs:
  name: {type: choice, options_from: {file: ../data/dbs.csv, value: name}}
  title: {type: choice, options_from: {file: ../data/dbs.csv, value: title}}
steps: [{wait: 1s}]
`;
    const folder = await folderWith({ "runbooks/both.yml": text, "data/dbs.csv": CSV });
    const catalog = await loadCatalog(folder.source);
    expect(catalog.problems).toEqual([]);
    const inputs = [...(catalog.runbooks.get("both")?.inputs.values() ?? [])];
    expect(inputs.map((input) => input.rows?.[0]?.value)).toEqual(["db-1", "Orders"]);
    expect(catalog.files.filter((file) => file.kind === "options")).toHaveLength(1);
  });

  test("names of Object.prototype are ordinary columns and values", async () => {
    const { runbook: found, sources } = await pick(
      "data/dbs.csv",
      "name,title,region,__proto__\nconstructor,toString,eu,polluted\n",
    );
    const planning = makePlan(found, { db: "constructor" }, sources);
    expect(planning.ok && Object.keys(planning.plan.rows?.["db"]?.[0]?.row ?? {})).toContain("__proto__");
    expect(Reflect.get({}, "polluted")).toBeUndefined();
    const refused = makePlan(found, { db: "toString" }, sources);
    expect(refused.ok).toBe(false);
  });
});

describe("CSV", () => {
  /** 0 for a text that is CSV. Anything but a refusal is thrown. */
  function lineOfError(text: string): number {
    try {
      parseCsv(text);
      return 0;
    } catch (error) {
      if (error instanceof CsvError && error.line > 0) return error.line;
      throw error;
    }
  }

  const cells = (text: string) => parseCsv(text).map((row) => row.cells);

  test.each([
    [
      "a,b\n1,2\n",
      [
        ["a", "b"],
        ["1", "2"],
      ],
    ],
    [
      "a,b\r\n1,2",
      [
        ["a", "b"],
        ["1", "2"],
      ],
    ],
    ["\ufeffa\n1\n", [["a"], ["1"]]],
    [
      "a,\n,b\n",
      [
        ["a", ""],
        ["", "b"],
      ],
    ],
    ["a,", [["a", ""]]],
    [
      '"a ""b""","c,d"\n"e\nf",g\n',
      [
        ['a "b"', "c,d"],
        ["e\nf", "g"],
      ],
    ],
    ["a\n\n\nb\n", [["a"], ["b"]]],
    ["", []],
    [" a , b ", [[" a ", " b "]]],
  ])("%j", (text, expected) => {
    expect(cells(text)).toEqual(expected);
  });

  test.each(['"a', 'a"b', '"a"b', '"a" ,b', 'a,"'])("%j is none", (text) => {
    expect(() => parseCsv(text)).toThrow(CsvError);
  });

  test("rows know their line", () => {
    expect(parseCsv('a\n"b\nc"\n\nd\n').map((row) => row.line)).toEqual([1, 2, 5]);
  });

  test("reads back what a writer of RFC 4180 writes", () => {
    const cell = fc.string().filter((text) => !text.includes("\r"));
    const table = fc
      .tuple(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 1, max: 5 }))
      .chain(([width, height]) =>
        fc.array(fc.array(cell, { minLength: width, maxLength: width }), {
          minLength: height,
          maxLength: height,
        }),
      );
    fc.assert(
      fc.property(table, fc.constantFrom("\n", "\r\n"), (rows, end) => {
        const text = rows
          .map((row) => row.map((one) => `"${one.replaceAll('"', '""')}"`).join(","))
          .join(end);
        expect(cells(text)).toEqual(rows);
      }),
    );
  });

  test("any text is read, or refused with its line", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r", " ") }), (text) => {
        expect(lineOfError(text)).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 2_000 },
    );
  });
});
