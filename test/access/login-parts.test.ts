// The small parts of a login: passwords, addresses, where it leads back to, and what slows down guessing.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressRangeProblem, addressRanges } from "../../src/access/address-ranges.ts";
import { LoginLimits } from "../../src/access/login-limits.ts";
import { hashPassword, isPassword, passwordHashProblem } from "../../src/access/password.ts";
import { principalFor } from "../../src/access/people.ts";
import { PRINCIPAL_NAME } from "../../src/access/principal.ts";
import { returnPath } from "../../src/http/login/return-path.ts";

describe("passwords", () => {
  test("the hash opens for its password alone, and never looks the same twice", async () => {
    const [first, second] = await Promise.all([hashPassword("correct horse"), hashPassword("correct horse")]);
    expect(first).not.toBe(second);
    expect(passwordHashProblem(first)).toBeNull();
    expect(await isPassword("correct horse", first)).toBe(true);
    for (const wrong of ["Correct horse", "correct horse ", "", "correct hors"])
      expect([wrong, await isPassword(wrong, first)]).toEqual([wrong, false]);
    expect(await isPassword("correct horse", null)).toBe(false);
  });

  test("a character is the same however a keyboard composes it", async () => {
    expect(await isPassword("cafe\u0301 au lait!!", await hashPassword("caf\u00e9 au lait!!"))).toBe(true);
  });

  test.each([
    "",
    "hunter2",
    "scrypt$ln=15,r=8,p=3$short$short",
    "scrypt$ln=30,r=8,p=3$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "scrypt$ln=15,r=99,p=3$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "$2y$10$abcdefghijklmnopqrstuv",
  ])("%j is refused as a hash, and opens for nothing", async (hash) => {
    expect(passwordHashProblem(hash)).toContain("nightshift user hash");
    expect(await isPassword(hash, hash)).toBe(false);
  });
});

test.each([
  ["10.0.0.5", "10.0.0.5", true],
  ["10.0.0.5", "::ffff:10.0.0.5", true],
  ["10.0.0.5", "10.0.0.6", false],
  ["10.0.0.0/24", "10.0.0.255", true],
  ["10.0.0.0/24", "10.0.1.0", false],
  ["fd00::/8", "fd12::1", true],
  ["fd00::/8", "fe80::1", false],
  ["0.0.0.0/0", "fd00::1", false],
])("the range %s and the address %s: %s", (range, address, isIn) => {
  expect(addressRangeProblem(range)).toBeNull();
  expect(addressRanges([range])(address)).toBe(isIn);
});

test.each(["", "10.0.0", "10.0.0.0/33", "10.0.0.0/24/1", "10.0.0.0/x", "proxy.example.net", "fd00::/129"])(
  "%j is no range of addresses",
  (text) => {
    expect(addressRangeProblem(text)).toContain("10.0.0.0/24");
    expect(addressRanges([text])("10.0.0.1")).toBe(false);
  },
);

describe("a login leads back", () => {
  test.each([
    ["/runs/1?x=y", "/runs/1?x=y"],
    ["/", "/"],
    ["/a/0f#x", "/a/0f#x"],
    ["//evil.example", "/"],
    ["/\\evil.example", "/"],
    ["/x\\..\\y", "/"],
    ["https://evil.example", "/"],
    ["javascript:alert(1)", "/"],
    ["/\u00e9", "/"],
    ["/x\nSet-Cookie: a=b", "/"],
    ["/logout", "/"],
    ["/login?return_to=/x", "/"],
    ["/logins", "/logins"],
    [undefined, "/"],
    [["/x", "/y"], "/"],
    [`/${"x".repeat(3_000)}`, "/"],
  ])("from %j to %j", (text, path) => expect(returnPath(text)).toBe(path));

  test("to this host alone, whatever is asked for", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        for (const asked of [text, `/${text}`, `//${text}`, `/\t/${text}`])
          expect(new URL(returnPath(asked), "http://here.example").host).toBe("here.example");
      }),
      { numRuns: 5_000 },
    );
  });
});

describe("guessing", () => {
  const key = { name: "dana", address: "192.0.2.1" };
  const MINUTE = 60_000;

  test("ten wrong passwords of a name close it, from every address, until the first is 15 minutes old", () => {
    const limits = new LoginLimits();
    for (let time = 0; time < 10; time += 1) {
      expect(limits.waitMs(key, time)).toBe(0);
      limits.noteFailure(key, time);
    }
    expect(limits.waitMs(key, MINUTE)).toBe(14 * MINUTE);
    expect(limits.waitMs({ ...key, address: "192.0.2.9" }, MINUTE)).toBe(14 * MINUTE);
    expect(limits.waitMs({ name: "erik", address: "192.0.2.9" }, MINUTE)).toBe(0);
    expect(limits.waitMs(key, 15 * MINUTE)).toBe(0);
  });

  test("fifty names from one address close the address alone", () => {
    const limits = new LoginLimits();
    for (let index = 0; index < 50; index += 1) limits.noteFailure({ ...key, name: `n${index}` }, 0);
    expect(limits.waitMs(key, 0)).toBe(15 * MINUTE);
    expect(limits.waitMs({ ...key, address: "192.0.2.9" }, 0)).toBe(0);
  });

  test("whoever knows the password is not kept out by slips before it", () => {
    const limits = new LoginLimits();
    for (let time = 0; time < 9; time += 1) limits.noteFailure(key, time);
    limits.noteSuccess(key);
    for (let time = 0; time < 9; time += 1) limits.noteFailure(key, time);
    expect(limits.waitMs(key, 10)).toBe(0);
  });

  test("of very many names only the newest are remembered", () => {
    const limits = new LoginLimits();
    const close = (name: string) => {
      for (let time = 0; time < 10; time += 1) limits.noteFailure({ name, address: `${name}${time}` }, 0);
    };
    close("first");
    for (let index = 0; index < 10_000; index += 1)
      limits.noteFailure({ name: `n${index}`, address: `a${index}` }, 0);
    close("last");
    expect(limits.waitMs({ name: "first", address: "x" }, 0)).toBe(0);
    expect(limits.waitMs({ name: "last", address: "x" }, 0)).toBeGreaterThan(0);
  });
});

test("the highest role that names a person is theirs", () => {
  const roles = {
    viewer: ["everyone"],
    responder: ["group:oncall"],
    operator: ["user:dana"],
    admin: ["group:platform"],
  };
  const roleOf = (name: string, groups: readonly string[], ownRole: "admin" | null = null) =>
    principalFor({ name, groups, ownRole }, roles).role;
  expect(roleOf("erik", [])).toBe("viewer");
  expect(roleOf("erik", ["oncall"])).toBe("responder");
  expect(roleOf("dana", ["oncall"])).toBe("operator");
  expect(roleOf("dana", ["oncall", "platform"])).toBe("admin");
  expect(roleOf("erik", [], "admin")).toBe("admin");
  expect(principalFor({ name: "erik", groups: [], ownRole: null }, { ...roles, viewer: [] }).role).toBeNull();
});

test.each(["dana", "d.ana_1@example.net", "Zoë", "42", "a+b-c"])("%j is a name", (name) =>
  expect(PRINCIPAL_NAME.test(name)).toBe(true),
);
test.each(["", " dana", "dana\n", "a:b", "a,b", "../x", "<b>", "-x", "\u202edana", "x".repeat(129)])(
  "%j is no name",
  (name) => expect(PRINCIPAL_NAME.test(name)).toBe(false),
);
