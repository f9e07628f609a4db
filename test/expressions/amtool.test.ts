// Proves that matchers are accepted, refused and judged as an installed Alertmanager does it, where both know the syntax:
// Debian's amtool 0.25 has the classic parser only, so the generated texts are those that mean the same in both grammars.
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  formatMatcher,
  MatcherError,
  parseMatchers,
  selectorMatches,
} from "../../src/expressions/matchers.ts";

const ACCEPTED_COUNT = 400;
const REFUSED_MAX = 120;
const LABEL_SETS = 40;
const SEED = 20_261_123;

const isMissing = !(process.env["PATH"] ?? "")
  .split(":")
  .some((folder) => existsSync(join(folder, "amtool")));
if (isMissing) console.warn("skipped: comparison with amtool, which is not installed");

const name = fc.constantFrom("a", "b", "team", "le_vel", "_x1", "Alert");
const operator = fc.constantFrom("=", "!=", "=~", "!~");
const space = fc.constantFrom("", "", " ", "  ", "\t");
const bare = fc.stringMatching(/^[A-Za-z0-9._:/@;-]{1,6}$/);
const bareRegex = fc.string({
  unit: fc.constantFrom("a", "b", ".", "*", "+", "?", "(", ")", "|", "[", "]", "^", "$"),
  minLength: 1,
  maxLength: 6,
});
const quoted = fc
  .string({
    unit: fc.constantFrom(
      "a",
      "b",
      "é",
      "🙂",
      " ",
      ",",
      "=",
      "~",
      "!",
      "{",
      "}",
      "'",
      "`",
      '\\"',
      "\\\\",
      "\\n",
    ),
    maxLength: 6,
  })
  .map((inner) => `"${inner}"`);
const quotedRegex = fc
  .string({
    unit: fc.constantFrom(
      "a",
      "b",
      "x",
      ".",
      "*",
      "+",
      "?",
      "(",
      ")",
      "(?:",
      "(?i)",
      "|",
      "[",
      "]",
      "^",
      "$",
      "-",
      "{2}",
      "{1,2}",
      "{",
      "\\\\d",
      "\\\\.",
      "\\\\b",
      "\\\\pL",
      "\\\\1",
      "é",
    ),
    maxLength: 6,
  })
  .map((inner) => `"${inner}"`);

const matcher = fc
  .tuple(space, name, space, operator, space, fc.oneof(bare, quoted), fc.oneof(bareRegex, quotedRegex), space)
  .map(([before, label, gap, sign, gap2, text, regex, after]) =>
    [before, label, gap, sign, gap2, sign.endsWith("~") ? regex : text, after].join(""),
  );
const list = fc
  .tuple(fc.array(matcher, { minLength: 1, maxLength: 3 }), fc.boolean(), fc.constantFrom("", ","))
  .map(([matchers, hasBraces, comma]) => {
    const text = `${matchers.join(",")}${comma}`;
    return hasBraces ? `{${text}}` : text;
  });
/** What neither grammar takes. */
const broken = fc.oneof(
  fc.tuple(operator, quoted).map(([sign, text]) => `${sign}${text}`),
  fc.tuple(name, quoted).map(([label, text]) => `${label} ${text}`),
  fc.tuple(name, quoted).map(([label, text]) => `${label}!${text}`),
  fc.tuple(name, operator, bare).map(([label, sign, text]) => `${label}${sign}"${text}`),
  fc.tuple(name, operator, bare).map(([label, sign, text]) => `${label}${sign}${text}"`),
);

/**
 * Alertmanager puts `^(?:` and `)$` around a regular expression before it looks at it, so that `a)|(?:b` is one to it. We
 * look at the expression itself, and refuse that on purpose.
 */
function breaksOut(text: string): boolean {
  let depth = 0;
  for (const [index, character] of text.split("").entries()) {
    if (character === "(") depth += 1;
    if (character === ")") depth -= 1;
    if (depth < 0) return text.slice(index).includes("(");
  }
  return false;
}

function isAccepted(text: string): boolean {
  try {
    return parseMatchers(text).length > 0;
  } catch (error) {
    if (error instanceof MatcherError) return false;
    throw error;
  }
}

function configWith(texts: readonly string[]): string {
  const routes = texts.map((text, index) => ({ receiver: `r${index}`, continue: true, matchers: [text] }));
  const receivers = [{ name: "none" }, ...routes.map(({ receiver }) => ({ name: receiver }))];
  return JSON.stringify({ route: { receiver: "none", routes }, receivers });
}

describe.skipIf(isMissing)("amtool", { timeout: 60_000 }, () => {
  const run = promisify(execFile);
  const samples = fc.sample(fc.oneof(list, list, list, broken), { numRuns: 1_200, seed: SEED });
  const generated = [...new Set(samples)].filter((text) => !breaksOut(text));
  const accepted = generated.filter(isAccepted).slice(0, ACCEPTED_COUNT);
  const refused = generated.filter((text) => !isAccepted(text)).slice(0, REFUSED_MAX);

  function folder(): string {
    const path = mkdtempSync(join(tmpdir(), "nightshift-amtool-"));
    onTestFinished(() => rmSync(path, { recursive: true, force: true }));
    return path;
  }

  test("there are a few hundred of each kind", () => {
    expect(accepted.length).toBe(ACCEPTED_COUNT);
    expect(refused.length).toBe(REFUSED_MAX);
  });

  test("accepts what we accept, and finds the same alerts by it", async () => {
    const file = join(folder(), "alertmanager.json");
    writeFileSync(file, configWith(accepted));
    await run("amtool", ["check-config", file]);
    const selectors = accepted.map((text) => parseMatchers(text));
    const value = fc.constantFrom("a", "b", "ab", "aa", "ax", "a.b", "é", "7", "A", "a b", 'a"', "a\\");
    const labelSets = fc.sample(fc.dictionary(name, value, { maxKeys: 4 }), {
      numRuns: LABEL_SETS,
      seed: SEED,
    });
    const counts = { fits: 0, fails: 0 };
    for (const labels of labelSets) {
      const pairs = Object.entries(labels);
      const args = pairs.map(([label, text]) => formatMatcher({ name: label, operator: "=", value: text }));
      const { stdout } = await run("amtool", ["config", "routes", "test", `--config.file=${file}`, ...args]);
      const found = new Set(stdout.trim().split(","));
      for (const [index, selector] of selectors.entries()) {
        const fits = selectorMatches(selector, new Map(pairs));
        counts[fits ? "fits" : "fails"] += 1;
        expect([accepted[index], labels, found.has(`r${index}`)]).toEqual([accepted[index], labels, fits]);
      }
    }
    console.info(`amtool agreed on ${accepted.length} matchers: ${JSON.stringify(counts)}`);
    expect(Math.min(counts.fits, counts.fails)).toBeGreaterThan(500);
  });

  test("refuses what we refuse", async () => {
    const path = folder();
    const check = async (text: string, index: number): Promise<string | null> => {
      const file = join(path, `${index}.json`);
      writeFileSync(file, configWith([text]));
      const code = await run("amtool", ["check-config", file]).then(
        () => 0,
        (error: { code?: unknown }) => error.code,
      );
      if (code === 0) return text;
      expect(code).toBe(1);
      return null;
    };
    const wronglyAccepted: (string | null)[] = [];
    for (let start = 0; start < refused.length; start += 2)
      wronglyAccepted.push(
        ...(await Promise.all(
          refused.slice(start, start + 2).map(async (text, offset) => check(text, start + offset)),
        )),
      );
    console.info(`amtool refused ${refused.length} texts as well`);
    expect(wronglyAccepted.filter((text) => text !== null)).toEqual([]);
  });
});
