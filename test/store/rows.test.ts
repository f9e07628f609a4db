// Many rows with few statements: whatever their number, each is written once and in order of columns.
import { expect, test } from "vitest";
import { inParts, insertRows, rowShape, updateRows, updateShape } from "../../src/store/rows.ts";
import { describeStores } from "./stores.ts";

const COLUMNS = [
  "run_id",
  "path",
  "step_id",
  "bytes",
  "sha256",
  "content_type",
  "is_truncated",
  "is_changed",
];
const COUNTS = [0, 1, 2, 3, 255, 256, 1_000, 4_095, 4_097, 9_000];

describeStores("many rows", ({ store, dialect }) => {
  const insertShape = rowShape("artifact", COLUMNS);
  const name = (index: number) => `file-${String(index).padStart(6, "0")}`;
  const insert = (count: number) => {
    const rows = Array.from({ length: count }, (_, index) => [
      "run",
      name(index),
      index % 3 === 0 ? null : "step",
      index * 1_000_000_000,
      "aa",
      "text/plain",
      index % 2,
      0,
    ]);
    return store().transaction((tx) => insertRows(tx, dialect, insertShape, rows));
  };
  const read = () =>
    store()
      .reader.selectFrom("artifact")
      .select(["path", "step_id", "bytes", "is_truncated"])
      .orderBy("path")
      .execute();

  test.each(COUNTS)("inserts %i rows", async (count) => {
    await insert(count);
    expect(await read()).toEqual(
      Array.from({ length: count }, (_, index) => ({
        path: name(index),
        step_id: index % 3 === 0 ? null : "step",
        bytes: index * 1_000_000_000,
        is_truncated: index % 2,
      })),
    );
  });

  test("asks for powers of two, so that there are few texts to prepare", async () => {
    await insert(9_000);
    expect(insertShape.texts.size).toBeLessThanOrEqual(12 + 1);
  });

  test.each([1, 3, 1_000, 9_000])(
    "updates %i rows by their key, numbers and nulls as what they are",
    async (count) => {
      await insert(count + 1);
      const shape = updateShape("artifact", [
        { name: "path", type: "text" },
        { name: "step_id", type: "text" },
        { name: "bytes", type: "bigint" },
      ]);
      const rows = Array.from({ length: count }, (_, index) => [
        name(index),
        index % 2 === 0 ? null : "7",
        index % 5 === 0 ? Number.MAX_SAFE_INTEGER : -index,
      ]);
      await store().transaction((tx) => updateRows(tx, dialect, shape, [...rows, ["gone", "x", 1]]));
      const updated = await read();
      expect(updated.slice(0, count).map(({ step_id, bytes }) => [step_id, bytes])).toEqual(
        rows.map((row) => row.slice(1)),
      );
      expect(updated.at(-1)).toMatchObject({ bytes: count * 1_000_000_000 });
    },
  );

  test("a nullable number that is null everywhere stays null", async () => {
    const shape = updateShape("episode", [
      { name: "id", type: "text" },
      { name: "closed_at", type: "bigint" },
    ]);
    await store().transaction((tx) =>
      updateRows(tx, dialect, shape, [
        ["a", null],
        ["b", null],
      ]),
    );
    expect(await read()).toEqual([]);
  });

  test("a failing row takes all of its transaction with it", async () => {
    await insert(1);
    await expect(insert(600)).rejects.toThrow(/unique/i);
    expect(await read()).toHaveLength(1);
  });

  test.each([0, 1, 3, 16_384, 16_385, 50_000])(
    "asks about a list of %i in parts, each item once",
    async (count) => {
      const items = Array.from({ length: count }, (_, index) => String(index));
      const sizes: number[] = [];
      const answers = await inParts(items, (part) => {
        sizes.push(part.length);
        return Promise.resolve([...new Set(part)]);
      });
      expect(answers).toEqual(items);
      for (const size of sizes) expect(Number.isInteger(Math.log2(size))).toBe(true);
      expect(sizes).toHaveLength(Math.ceil(count / 16_384));
    },
  );
});
