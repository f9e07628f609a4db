// Ids sort by the time they were made, also within one millisecond and beyond 4,096 of them in one.
import { expect, test } from "vitest";
import { firstIdAt, isId, newId } from "../../src/platform/ids.ts";

test("ids of one process come in order, each once, and are UUIDs of version 7", () => {
  const ids = Array.from({ length: 50_000 }, newId);
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.every(isId)).toBe(true);
});

test("an id begins with the milliseconds at which it was made", () => {
  const beforeMs = Date.now();
  const id = newId();
  expect(id >= firstIdAt(beforeMs)).toBe(true);
  expect(firstIdAt(0x0123456789ab)).toBe("01234567-89ab-7000-8000-000000000000");
  expect(firstIdAt(-1)).toBe("00000000-0000-7000-8000-000000000000");
});
