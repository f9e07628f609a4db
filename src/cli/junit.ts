import type { TestResult } from "../simulation/run-tests.ts";

/** What XML 1.0 has no way to write: control characters but for tab and line breaks, lone surrogates, two code points that are none. */
const UNWRITABLE = /(?![\t\n\r])[\p{Cc}\p{Surrogate}\uFFFE\uFFFF]/gu;
const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\t": "&#9;",
  "\n": "&#10;",
  "\r": "&#13;",
};

/** The results as JUnit XML, which CI systems show: one suite for each file. */
export function junitXml(results: readonly TestResult[]): string {
  const files = [...new Set(results.map(({ file }) => file))];
  const suites = files.map((file) =>
    suiteXml(
      file,
      results.filter((result) => result.file === file),
    ),
  );
  const counts = countsOf(results);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="nightshift test" ${counts}>\n${suites.join("")}</testsuites>\n`;
}

function suiteXml(file: string, results: readonly TestResult[]): string {
  const cases = results.map(
    (result) =>
      `    <testcase name=${quoted(result.name)} classname=${quoted(file)} file=${quoted(file)} line="${result.line}" time="${seconds(result.durationMs)}"${failuresXml(result)}`,
  );
  return `  <testsuite name=${quoted(file)} ${countsOf(results)}>\n${cases.join("")}  </testsuite>\n`;
}

function failuresXml({ file, failures }: TestResult): string {
  if (failures.length === 0) return "/>\n";
  const message = failures.map(({ title }) => title).join(", ");
  const text = failures
    .flatMap(({ line, title, diff }) => [`${file}:${line}: ${title}`, ...diff.map((each) => `  ${each}`)])
    .join("\n");
  return `>\n      <failure message=${quoted(`other than expected: ${message}`)} type="expectation">${escaped(text, false)}</failure>\n    </testcase>\n`;
}

function countsOf(results: readonly TestResult[]): string {
  const failed = results.filter(({ failures }) => failures.length > 0).length;
  const durationMs = results.reduce((sum, result) => sum + result.durationMs, 0);
  return `tests="${results.length}" failures="${failed}" errors="0" time="${seconds(durationMs)}"`;
}

function seconds(durationMs: number): string {
  return (durationMs / 1000).toFixed(3);
}

function quoted(text: string): string {
  return `"${escaped(text, true)}"`;
}

/** In an attribute a parser would make spaces of line breaks, so they are written as references there. */
function escaped(text: string, isAttribute: boolean): string {
  const special = isAttribute ? /[&<>"\t\n\r]/g : /[&<>\r]/g;
  return text.replace(UNWRITABLE, "\uFFFD").replace(special, (character) => ESCAPES[character] ?? character);
}
