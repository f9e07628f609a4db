import { expect, test } from "vitest";
import {
  resolveSecret,
  SecretError,
  type SecretReaders,
  secretSchema,
  secretsSchema,
} from "../../src/platform/secrets.ts";

const READERS: SecretReaders = {
  readFile: (path) => {
    if (path === "/missing")
      return Promise.reject(Object.assign(new Error("ENOENT: /missing"), { code: "ENOENT" }));
    return Promise.resolve(path === "/empty" ? "\n" : " from file \r\n\n");
  },
  env: { TOKEN: "from env\n", EMPTY: "" },
  runCommand: (command) => Promise.resolve(`${JSON.stringify(command)}\n`),
};

test.each([
  [{ file: "/secret" }, " from file "],
  [{ env: "TOKEN" }, "from env"],
  [{ command: ["vault", "read", "x y"] }, '["vault","read","x y"]'],
])("%j is read without its last line breaks", async (ref, expected) => {
  expect(await resolveSecret(secretSchema.parse(ref), READERS)).toBe(expected);
});

test.each([
  [{ file: "/empty" }, "the secret file /empty is empty"],
  [{ file: "/missing" }, "the secret file /missing could not be read (ENOENT)"],
  [{ env: "EMPTY" }, "the environment variable EMPTY is empty"],
  [{ env: "UNSET" }, "the environment variable UNSET is not set"],
])("%j is an error that says which", async (ref, message) => {
  const resolved = resolveSecret(ref, READERS);
  await expect(resolved).rejects.toThrow(SecretError);
  await expect(resolved).rejects.toThrow(message);
});

test.each([
  "plain",
  {},
  { file: "" },
  { file: "a", env: "B" },
  { env: "A-B" },
  { command: [] },
  { command: "sh -c x" },
])("%j is no place of a secret", (ref) => {
  expect(secretSchema.safeParse(ref).success).toBe(false);
});

test("one secret or two become a list", () => {
  expect(secretsSchema.parse({ env: "A" })).toEqual([{ env: "A" }]);
  expect(secretsSchema.parse([{ env: "A" }, { file: "b" }])).toHaveLength(2);
});
