import fc from "fast-check";
import { expect, test } from "vitest";
import { PackedList } from "../../src/platform/packed-list.ts";

test("gives back what was put in, in its order, as often as it is asked, here and in another thread", () => {
  const item = fc.record({
    path: fc.string({ unit: "binary" }),
    bytes: fc.nat(),
    host: fc.option(fc.string()),
  });
  fc.assert(
    fc.property(fc.array(item, { maxLength: 50 }), fc.integer({ min: 1, max: 3_000 }), (items, times) => {
      const list = new PackedList<(typeof items)[number]>();
      const all = Array.from(
        { length: items.length * (times % 7) },
        (_, index) => items[index % items.length],
      ).flatMap((each) => each ?? []);
      const large = all.map((each) => ({ ...each, path: each.path.repeat((times % 100) + 1) }));
      for (const each of large) list.push(each);
      expect(list.length).toBe(large.length);
      // Text that is not well formed does not survive UTF-8 anywhere; JSON escapes it.
      expect([...list]).toEqual(large);
      expect([...list]).toEqual(large);
      const copy = PackedList.fromBlocks<(typeof items)[number]>(list.blocks());
      expect([copy.length, [...copy]]).toEqual([large.length, large]);
    }),
    { numRuns: 50 },
  );
});
