// Proves that real shells read a quoted value back byte for byte, alone and through the job loader.
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { quotePosix, quotePosixOnOneLine, SET_NEWLINE } from "../../src/executors/quote.ts";
import { loaderArgv } from "../../src/executors/remote-command.ts";
import { injectionCorpus } from "../support/injection-corpus.ts";

const SHELLS = ["sh", "dash", "bash"].filter((shell) => spawnSync(shell, ["-c", ":"]).status === 0);

const SPECIAL = "'\"\\$`!\n\r\t *?[]{}()<>|&;#~=-%\u0001\u0081x".split("");

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: fc.constantFrom(...SPECIAL), maxLength: 20 }),
);
const values = fc.array(
  anyText.map((text) => text.replaceAll("\0", "").toWellFormed()),
  { minLength: 1, maxLength: 40 },
);

function readBack(argv: readonly [string, ...string[]], input: string): string[] {
  const [file, ...args] = argv;
  const { stdout, stderr, status } = spawnSync(file, args, { input: Buffer.from(input) });
  expect(stderr.toString()).toBe("");
  expect(status).toBe(0);
  return stdout.toString("utf8").split("\0").slice(0, -1);
}

describe.each(SHELLS)("in %s", (shell) => {
  test("a quoted value is one word with the same bytes", () => {
    fc.assert(
      fc.property(values, (words) => {
        const script = `printf '%s\\0' ${words.map(quotePosix).join(" ")}`;
        expect(readBack([shell, "-c", script], "")).toEqual(words);
      }),
      { numRuns: 60 },
    );
  });

  test("a value quoted on one line survives read and eval", () => {
    const [, ...loader] = loaderArgv(null);
    fc.assert(
      fc.property(values, (words) => {
        const job = `${SET_NEWLINE}; printf '%s\\0' ${words.map(quotePosixOnOneLine).join(" ")}`;
        expect(job).not.toContain("\n");
        expect(readBack([shell, ...loader], `${job}\n`)).toEqual(words);
      }),
      { numRuns: 60 },
    );
  });

  test("the injection corpus comes back unchanged", () => {
    const words = injectionCorpus("/nonexistent/canary").map(({ value }) => value);
    const script = `printf '%s\\0' ${words.map(quotePosix).join(" ")}`;
    expect(readBack([shell, "-c", script], "")).toEqual(words);
  });
});

test("a NUL character is refused", () => {
  expect(() => quotePosix("a\0b")).toThrow(RangeError);
});

test("the loader means the same within single quotes to every login shell", () => {
  const loader = loaderArgv(null)[2] ?? "";
  expect(loader).not.toMatch(/['\\!\n]/);
});
