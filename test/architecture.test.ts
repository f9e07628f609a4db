// The house: imports go down the rows, packages stay behind their fences, files stay readable. ARCHITECTURE.md explains the rows.
import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const SRC = fileURLToPath(new URL("../src", import.meta.url));

/** Folders of one row never import each other; a file imports its own folder and lower rows. */
const ROWS: readonly (readonly string[])[] = [
  ["platform"],
  ["expressions", "redaction"],
  ["alerts", "hosts", "intervals"],
  ["runbooks"],
  ["rules", "schedules"],
  ["catalog"],
  ["runs"],
  ["guards"],
  ["outbound"],
  ["executors", "archive", "notify", "access", "audit"],
  ["steps"],
  ["store", "queue"],
  ["settings"],
  ["engine"],
  ["http", "simulation"],
  // The files beside the folders: what puts the parts together.
  ["."],
  ["cli"],
];
/** Comes after everything. */
const MAIN = "main.ts";

/** Where a package may be imported. Packages that are not here may be imported anywhere. */
const FENCES: Readonly<Record<string, (file: string) => boolean>> = {
  croner: (file) => file.startsWith("schedules/"),
  express: (file) => file.startsWith("http/"),
  compression: (file) => file.startsWith("http/"),
  helmet: (file) => file.startsWith("http/"),
  execa: (file) => file.startsWith("executors/"),
  "node-ssh": (file) => /^executors\/ssh[^/]*\.ts$/.test(file),
  ssh2: (file) => /^executors\/(ssh[^/]*|known-hosts)\.ts$/.test(file),
  "tar-stream": (file) => file.startsWith("executors/") || file === "archive/bundle.ts",
  archiver: (file) => file === "archive/bundle.ts",
  yauzl: (file) => file.startsWith("archive/"),
  nodemailer: (file) => file === "notify/email.ts",
  kysely: (file) => file.startsWith("store/"),
  "better-sqlite3": (file) => file.startsWith("store/"),
  pg: (file) => file.startsWith("store/"),
  pino: (file) => file.startsWith("platform/"),
  "prom-client": (file) => file.startsWith("platform/"),
  yaml: (file) => file.startsWith("platform/"),
  "@marcbachmann/cel-js": (file) => file.startsWith("expressions/"),
  re2js: (file) => file.startsWith("expressions/"),
  commander: (file) => file === MAIN || file.startsWith("cli/program/"),
};

/** Rows that neither do I/O nor know the time. */
const PURE = new Set([
  "expressions",
  "redaction",
  "alerts",
  "hosts",
  "intervals",
  "runbooks",
  "rules",
  "runs",
  "guards",
]);
const IMPURE_MODULES = [
  "fs",
  "fs/promises",
  "net",
  "http",
  "https",
  "child_process",
  "dgram",
  "dns",
  "worker_threads",
  "timers",
  "timers/promises",
  "os",
];

const LINES_MAX = 300;

interface Import {
  readonly from: string;
  readonly specifier: string;
}

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter(
  // The web pages stand apart: they run in a browser, and know the service by its API alone.
  (file) => file.endsWith(".ts") && !file.startsWith("ui/"),
);
const imports = files.flatMap(readImports);

/** What the pages share with the service: the language of `show_if`, and how durations are spelled. All of it runs in a browser. */
const SHARED_WITH_PAGES = new Set(["expressions/cel.ts", "platform/durations.ts"]);
const pageFiles = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((file) =>
  /^ui\/.*\.tsx?$/.test(file),
);

function readImports(file: string): Import[] {
  const text = readFileSync(join(SRC, file), "utf8");
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s[^;]*?from\s*["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)|(?:^|\n)import\s*["']([^"']+)["']/g;
  return [...text.matchAll(pattern)].map((match) => ({
    from: file,
    specifier: match[1] ?? match[2] ?? match[3] ?? "",
  }));
}

function folderOf(file: string): string {
  return file.split("/").length === 1 ? "." : (file.split("/")[0] ?? "");
}

function rowOf(file: string): number {
  if (file === MAIN) return ROWS.length;
  return ROWS.findIndex((row) => row.includes(folderOf(file)));
}

function targetOf(each: Import): string {
  return relative(SRC, normalize(join(SRC, dirname(each.from), each.specifier)));
}

function packageOf(specifier: string): string {
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? "");
}

/** Why an import is not allowed; undefined when it is. */
function problemWith(each: Import): string | undefined {
  if (each.specifier.startsWith(".")) {
    const target = targetOf(each);
    if (rowOf(target) === -1) return `${each.from} imports ${target}, which is in no row`;
    if (folderOf(target) === folderOf(each.from) || rowOf(target) < rowOf(each.from)) return undefined;
    return `${each.from} imports ${target}, which is not below it`;
  }
  if (each.specifier.startsWith("node:")) {
    if (!PURE.has(folderOf(each.from)) || !IMPURE_MODULES.includes(each.specifier.slice(5))) return undefined;
    return `${each.from} imports ${each.specifier}, but ${folderOf(each.from)}/ is pure`;
  }
  const name = packageOf(each.specifier);
  if (builtinModules.includes(name)) return `${each.from} imports ${name} without node:`;
  return FENCES[name]?.(each.from) === false
    ? `${each.from} imports ${name}, which stays behind its fence`
    : undefined;
}

describe("the house", () => {
  test("every file stands in a row", () => {
    expect(files.filter((file) => rowOf(file) === -1)).toEqual([]);
  });

  test("imports go down the rows and packages stay behind their fences", () => {
    expect(imports.length).toBeGreaterThan(300);
    expect(imports.map(problemWith).filter((problem) => problem !== undefined)).toEqual([]);
  });

  test("the pages know the service by its API, but for what both must read in the same way", () => {
    expect(pageFiles.length).toBeGreaterThan(50);
    const taken = pageFiles
      .flatMap(readImports)
      .filter(({ specifier }) => specifier.startsWith("."))
      .map((each) => ({ ...each, target: targetOf(each) }))
      .filter(({ target }) => !target.startsWith("ui/") && !SHARED_WITH_PAGES.has(target));
    expect(taken).toEqual([]);
  });

  test("the check itself sees what is not allowed", () => {
    expect(problemWith({ from: "rules/match.ts", specifier: "../engine/judge.ts" })).toContain(
      "not below it",
    );
    expect(problemWith({ from: "alerts/alert.ts", specifier: "../hosts/host.ts" })).toContain("not below it");
    expect(problemWith({ from: "engine/judge.ts", specifier: "express" })).toContain("fence");
    expect(problemWith({ from: "rules/match.ts", specifier: "node:fs" })).toContain("pure");
  });

  test("no file is too long to read", () => {
    const long = [...files, ...pageFiles.filter((file) => file !== "ui/api/generated.ts")].filter(
      (file) => readFileSync(join(SRC, file), "utf8").split("\n").length - 1 > LINES_MAX,
    );
    expect(long).toEqual([]);
  });

  test("the environment is read in one place", () => {
    const readers = files.filter((file) => /process\.env\b/.test(readFileSync(join(SRC, file), "utf8")));
    expect(readers).toEqual(["settings/load.ts"]);
  });
});
