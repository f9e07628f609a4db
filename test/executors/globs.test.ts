// Proves what a glob matches, and that it takes no exponential time.
import { describe, expect, test } from "vitest";
import { compileGlob, compileReadable, globProblem, isReadable } from "../../src/executors/globs.ts";

describe("matching", () => {
  test.each([
    ["/var/log/app.log", "/var/log/app.log", true],
    ["/var/log/app.log", "/var/log/app_log", false],
    ["/var/log/*.log", "/var/log/a.log", true],
    ["/var/log/*.log", "/var/log/.log", true],
    ["/var/log/*.log", "/var/log/x/a.log", false],
    ["/var/log/*", "/var/log/.hidden", true],
    ["/var/log/*", "/var/log", false],
    ["/var/log/**", "/var/log/a/b/c", true],
    ["/var/log/**", "/var/logs/a", false],
    ["/var/log/**", "/var/log", true],
    ["/srv/**/log/*.txt", "/srv/log/a.txt", true],
    ["/srv/**/log/*.txt", "/srv/a/b/log/a.txt", true],
    ["/srv/**/log/*.txt", "/srv/a/log/b/a.txt", false],
    ["/**", "/etc/shadow", true],
    ["/a/?.log", "/a/é.log", true],
    ["/a/?.log", "/a/🦊.log", true],
    ["/a/?.log", "/a/ab.log", false],
    ["/a/[abc].log", "/a/b.log", true],
    ["/a/[!abc].log", "/a/b.log", false],
    ["/a/[^abc].log", "/a/d.log", true],
    ["/a/[0-9]*", "/a/7x", true],
    ["/a/[]x]", "/a/]", true],
    ["/a/[x", "/a/[x", true],
    ["/a/x{1,2}", "/a/x{1,2}", true],
    ["/a/x{1,2}", "/a/x1", false],
    ["/a/b\\*", "/a/b\\z", true],
    ["/a/(b)+", "/a/(b)+", true],
    ["/a/**b", "/a/x/b", false],
    ["/a/**b", "/a/xb", true],
    ["/a/*\n*", "/a/x\ny", true],
  ])("%s against %j is %s", (glob, path, expected) => {
    expect(compileGlob(glob).matches(path)).toBe(expected);
  });

  test("a path with .. matches only what is written, never what it leads to", () => {
    expect(isReadable("/var/log/../../etc/shadow", compileReadable(["/var/log/*"]))).toBe(false);
  });

  test("a pattern made to blow up is answered at once", () => {
    const startedAt = performance.now();
    compileGlob(`/${"*a".repeat(60)}b`).matches(`/${"a".repeat(250)}`);
    compileGlob(`/${"**/".repeat(40)}b`).matches(`/${"a/".repeat(200)}c`);
    expect(performance.now() - startedAt).toBeLessThan(500);
  });
});

describe("what a search starts from", () => {
  test.each([
    ["/var/log/app.log", "/var/log/app.log", 0, "/var/log/app.log"],
    ["/var/log/*.log", "/var/log", 1, "/var/log/*.log"],
    ["/srv/*/log/[ab]?.log", "/srv", 3, "/srv/*/log/**.log"],
    ["/srv/**/log/x", "/srv", null, "/srv*/log/x"],
    ["/**", "/", null, "*"],
    ["/a/b\\c/*", "/a/b\\c", 1, "/a/b\\\\c/*"],
  ])("%s", (glob, base, depth, findPattern) => {
    expect(compileGlob(glob)).toMatchObject({ base, depth, findPattern });
  });
});

test.each(["var/log", "", "/var/../etc", "/var/./log", "/var//log", "/var/log/", "/a\0b"])(
  "%j is no glob",
  (glob) => {
    expect(globProblem(glob)).not.toBeNull();
    expect(() => compileGlob(glob)).toThrow(RangeError);
  },
);

test("a readable entry that is no glob permits nothing", () => {
  expect(isReadable("/etc/shadow", compileReadable(["", "/", "etc/**", "/etc/"]))).toBe(false);
});
