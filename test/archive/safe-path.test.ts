import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArtifactPathError, isSafePath, originalPath, safePath } from "../../src/archive/safe-path.ts";

describe("safePath", () => {
  test.each([
    ["steps/01-graph/stdout.log", "steps/01-graph/stdout.log"],
    ["files/web-1/var/log/nginx/access.log.1", "files/web-1/var/log/nginx/access.log.1"],
    ["/etc/passwd", "etc/passwd"],
    ["a//b///c", "a/b/c"],
    ["../../etc/passwd", "%2E%2E/%2E%2E/etc/passwd"],
    ["./a", "%2E/a"],
    ["a/..%2f..%2fb", "a/..%252f..%252fb"],
    ["C:\\Windows\\system.ini", "C%3A%5CWindows%5Csystem.ini"],
    ["-", "%2D"],
    ["-rf", "%2Drf"],
    ["line\nbreak", "line%0Abreak"],
    ["bell\u0007", "bell%07"],
    ["\u202egnp.exe", "%E2%80%AEgnp.exe"],
    ["zero\u200bwidth", "zero%E2%80%8Bwidth"],
    ["\ud800", "%uD800"],
    ["trailing.", "trailing%2E"],
    ["trailing ", "trailing%20"],
    ["NUL.txt", "%4EUL.txt"],
    ["com1", "%63om1"],
    ["ümlaut 文件.log", "ümlaut 文件.log"],
    [".bashrc", ".bashrc"],
  ])("stores %j as %j", (given, stored) => {
    expect(safePath(given)).toBe(stored);
    expect(isSafePath(stored)).toBe(true);
  });

  test.each(["", "/", "///"])("refuses %j, which names no file", (given) => {
    expect(() => safePath(given)).toThrow(ArtifactPathError);
  });

  test.each(["..", "../x", "a/../b", "/x", "a//b", "", "a\\b", "a\u0000", "a\n", "-x", "%zz", "a/"])(
    "knows that %j was never stored",
    (path) => expect(isSafePath(path)).toBe(false),
  );

  test("cuts a name of 300 bytes, and tells two such names apart", () => {
    const left = safePath(`files/${"é".repeat(300)}a`);
    const right = safePath(`files/${"é".repeat(300)}b`);
    expect(left).not.toBe(right);
    for (const path of [left, right]) {
      expect(isSafePath(path)).toBe(true);
      expect(Buffer.byteLength(path.split("/")[1] ?? "")).toBeLessThanOrEqual(255);
      expect(originalPath(path)).toBeNull();
    }
  });

  test("shortens a tree of 4,096 folders, and tells two of them apart", () => {
    const deep = `files/web-1/${"d/".repeat(4_096)}`;
    const [left, right] = [safePath(`${deep}x`), safePath(`${deep}d/x`)];
    expect(left).not.toBe(right);
    expect(left).toMatch(/^files\/web-1\/%~[0-9a-f]{32}\/x$/);
  });

  const hostile = fc
    .array(
      fc.oneof(
        fc.string({ unit: "binary" }),
        fc.constantFrom("..", ".", "\\", "\0", "%", "%2E", "%~", "-", "CON", "\ud83d"),
      ),
    )
    .map((parts) => parts.join("/"))
    .filter((path) => path.split("/").some((part) => part !== ""));

  test("gives a path that stays in its folder, whatever the name", () => {
    fc.assert(
      fc.property(hostile, (path) => {
        const stored = safePath(path);
        expect(isSafePath(stored)).toBe(true);
        expect(stored.split("/")).not.toContain("..");
        expect(stored).not.toMatch(/^\/|[\\\p{Cc}\p{Cf}]/u);
        expect(Buffer.byteLength(stored)).toBeLessThanOrEqual(1_400);
      }),
    );
  });

  test("can be undone, so that two names never become one", () => {
    fc.assert(
      fc.property(hostile, (path) => {
        const original = originalPath(safePath(path));
        const plain = path
          .split("/")
          .filter((part) => part !== "")
          .join("/");
        expect([plain, null]).toContain(original);
      }),
    );
  });
});
