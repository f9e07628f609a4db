import fc from "fast-check";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fingerprintOf, isFingerprint } from "../../src/alerts/fingerprint.ts";

const VECTORS = JSON.parse(
  readFileSync(new URL("../fixtures/webhooks/vectors-signatures-fingerprints.json", import.meta.url), "utf8"),
) as { fingerprint: { labels: Record<string, string>; fingerprint: string }[] };

describe("vectors of Alertmanager and Grafana", () => {
  test.each(VECTORS.fingerprint)("$fingerprint", ({ labels, fingerprint }) => {
    expect(fingerprintOf(new Map(Object.entries(labels)))).toBe(fingerprint);
  });
});

/** The definition, in BigInt and with Node's own byte order. */
function definition(labels: ReadonlyMap<string, string>): string {
  const names = [...labels.keys()].sort((left, right) =>
    Buffer.compare(Buffer.from(left), Buffer.from(right)),
  );
  let hash = 14695981039346656037n;
  const add = (byte: number) => {
    hash = ((hash ^ BigInt(byte)) * 1099511628211n) % 2n ** 64n;
  };
  for (const name of names) {
    for (const byte of Buffer.from(name)) add(byte);
    add(0xff);
    for (const byte of Buffer.from(labels.get(name) ?? "")) add(byte);
    add(0xff);
  }
  return hash.toString(16).padStart(16, "0");
}

test("is FNV-1a 64 of the labels in UTF-8 order, whatever their characters and their order", () => {
  const text = fc.string({ unit: "binary" });
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text), { maxLength: 8 }), (pairs) => {
      const labels = new Map(pairs);
      const fingerprint = fingerprintOf(labels);
      expect(fingerprint).toBe(definition(labels));
      expect(fingerprintOf(new Map([...labels].reverse()))).toBe(fingerprint);
      expect(isFingerprint(fingerprint)).toBe(true);
    }),
  );
});

test("sorts a name beyond the basic plane after all others, unlike UTF-16", () => {
  const labels = new Map([
    ["\u{1f525}", "fire"],
    ["\uffee", "circle"],
  ]);
  expect([...labels.keys()].sort()).toEqual(["\u{1f525}", "\uffee"]);
  expect(fingerprintOf(labels)).toBe(definition(labels));
});
