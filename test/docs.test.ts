// The documents stay true: examples load, links lead somewhere, commands and flags exist, settings and metrics are complete.
import { execFile, execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { settingsReference } from "../docs/generate-settings.ts";
import { loadCatalog } from "../src/catalog/load.ts";
import { compileMapping } from "../src/alerts/mapping.ts";
import { testCommand } from "../src/cli/test.ts";
import { createMetrics } from "../src/platform/metrics.ts";
import { formatProblem } from "../src/platform/problems.ts";
import { catalogSourceOf } from "../src/settings/catalog-source.ts";
import { loadSettings } from "../src/settings/load.ts";
import { anchorsOf, type Block, proseOf, readBlocks } from "./support/markdown.ts";

const root = join(import.meta.dirname, "..");
const read = (file: string) => readFileSync(join(root, file), "utf8");
const files = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", ...markdownBelow("docs")];
const blocks = files.flatMap((file) => readBlocks(file, read(file)));

function markdownBelow(folder: string): string[] {
  const found = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  return found.filter((name) => name.endsWith(".md")).map((name) => join(folder, name));
}

const placeOf = (block: Block) => `${block.file}:${block.line}`;

describe("examples", () => {
  const examples = blocks.filter((block) => block.language === "yaml");
  /** Of other programs, told by their first line. */
  const FOREIGN = ["alertmanager.yml", "compose.yml", "prometheus-rules.yml"];
  const OURS =
    /^(nightshift\.yml|hosts\.yml|schedules\.yml|rules\/[\w-]+(\.test)?\.yml|runbooks\/[\w-]+\.yml)$/;
  const nameOf = (block: Block) => /^# (\S+)\n/.exec(block.text)?.[1] ?? "";

  test("say in their first line which file they are", () => {
    const unknown = examples.filter((block) => !OURS.test(nameOf(block)) && !FOREIGN.includes(nameOf(block)));
    expect(unknown.map(placeOf)).toEqual([]);
  });

  /** What an example may refer to without showing it. */
  const AROUND: Readonly<Record<string, string>> = {
    "nightshift.yml":
      "notifiers: [{name: oncall, log: {}}]\nnotify: [{to: oncall, events: [failed, interrupted]}]\n",
    "hosts.yml":
      "hosts: [{name: local}, {name: web-1, address: 10.0.0.11, labels: {role: web}, become: [root]}]\n",
    "rules/zz-last.yml": "rules: [{name: zz-last, mode: observe, matchers: []}]\n",
    "data/databases.csv": "name,title,region\norders,Orders of the shop,eu\n",
    "runbooks/zz-nothing.yml": "name: zz-nothing\nsteps: [{wait: 1s}]\n",
    "runbooks/restart-web.yml":
      readBlocks("README.md", read("README.md")).find((block) => nameOf(block) === "runbooks/restart-web.yml")
        ?.text ?? "",
  };

  async function problemsOf(shown: readonly Block[]): Promise<string[]> {
    const folder = mkdtempSync(join(tmpdir(), "nightshift-docs-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const texts = { ...AROUND, ...Object.fromEntries(shown.map((block) => [nameOf(block), block.text])) };
    for (const [name, text] of Object.entries(texts)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const configFile = join(folder, "nightshift.yml");
    const flags = { configFile, listenAddress: null, externalUrl: null, storagePath: null };
    const loaded = await loadSettings(flags, root);
    if (!loaded.ok) return loaded.problems.map(formatProblem);
    for (const source of loaded.settings.sources) if (source.map !== undefined) compileMapping(source.map);
    const catalog = await loadCatalog(catalogSourceOf(loaded.settings));
    const tests = shown.filter((block) => nameOf(block).endsWith(".test.yml"));
    const failures = await Promise.all(tests.map((block) => failuresIn(join(folder, nameOf(block)))));
    return [...[...loaded.problems, ...catalog.problems].map(formatProblem), ...failures.flat()];
  }

  /** What is wrong with an example of tests, or fails in it. */
  async function failuresIn(file: string): Promise<string[]> {
    let stdout = "";
    const output = { stdout: { write: (text: string) => (stdout += text) }, stderr: { write: () => {} } };
    const none = { configFile: null, run: null, junit: null, coverage: false, coverageThreshold: null };
    const exitCode = await testCommand({ ...none, files: [file], format: "text" }, root, output);
    return exitCode === 0 ? [] : [stdout];
  }

  const ours = examples.filter((block) => OURS.test(nameOf(block)));
  const cases = ours.map((block) => {
    // Beside the newest version of every other file that the document has shown so far, or shows later.
    const others = ours.filter((other) => other.file === block.file && nameOf(other) !== nameOf(block));
    const latest = new Map<string, Block>();
    for (const other of others)
      if (other.line < block.line || !latest.has(nameOf(other))) latest.set(nameOf(other), other);
    return [placeOf(block), nameOf(block), [...latest.values(), block]] as const;
  });

  test("there are some of each kind", () => {
    const kinds = new Set(ours.map((block) => nameOf(block).split("/")[0]));
    expect(kinds).toEqual(new Set(["hosts.yml", "nightshift.yml", "schedules.yml", "rules", "runbooks"]));
  });

  test.each(cases)("%s (%s) is loaded as the service loads it, without a problem", async (_, __, shown) => {
    expect(await problemsOf(shown)).toEqual([]);
  });

  test("negative control: an example with a wrong key is noticed", async () => {
    const wrong = { ...(ours[0] as Block), text: "# rules/a.yml\nrules: [{name: a, mod: auto}]\n" };
    expect(await problemsOf([wrong])).not.toEqual([]);
  });

  const checkers = [
    ["alertmanager.yml", "amtool", ["check-config"]],
    ["prometheus-rules.yml", "promtool", ["check", "rules"]],
  ] as const;
  for (const [name, program, args] of checkers) {
    const whole = examples.filter((block) => nameOf(block) === name && block.file === "docs/operations.md");
    const isMissing = !isInstalled(program);
    if (isMissing) console.warn(`skipped: examples of ${name}. ${program} is not installed`);
    test.skipIf(isMissing).each(whole.map((block) => [placeOf(block), block] as const))(
      `%s is accepted by ${program}`,
      (_, block) => {
        const folder = mkdtempSync(join(tmpdir(), "nightshift-docs-"));
        onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
        writeFileSync(join(folder, name), block.text);
        expect(execFileSync(program, [...args, join(folder, name)], { encoding: "utf8" })).toContain(
          "SUCCESS",
        );
      },
    );
  }
});

function isInstalled(program: string): boolean {
  const folders = (process.env["PATH"] ?? "").split(":");
  return folders.some((folder) => existsSync(join(folder, program)));
}

describe("links", () => {
  const links = files.flatMap((file) =>
    [...proseOf(read(file)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => ({ file, target })),
  );
  const local = links.filter(({ target }) => !/^https?:/.test(target));

  test("there are some", () => expect(local.length).toBeGreaterThan(20));

  test("lead to files and headings that exist", () => {
    const broken = local.filter(({ file, target }) => {
      const [path = "", anchor] = target.split("#");
      const goal = path === "" ? file : relative(root, join(root, dirname(file), path));
      if (!existsSync(join(root, goal))) return true;
      return anchor !== undefined && !anchorsOf(read(goal)).has(anchor);
    });
    expect(broken).toEqual([]);
  });

  test("every document is linked from another one", () => {
    const goals = new Set(
      local.map(({ file, target }) => relative(root, join(root, dirname(file), target.split("#")[0] ?? ""))),
    );
    const unlinked = files.filter(
      (file) => file.startsWith("docs/") && !file.startsWith("docs/decisions/") && !goals.has(file),
    );
    expect(unlinked).toEqual([]);
  });

  test("files that are named in backticks exist", () => {
    const NAMED = /`((?:src|test|bench|docs|rules|runbooks|\.ci)\/[\w./-]+\.(?:ts|md|json|sh))`/g;
    const named = files.flatMap((file) =>
      [...read(file).matchAll(NAMED)].map(([, path = ""]) => ({ file, path })),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter(({ path }) => !existsSync(join(root, path)))).toEqual([]);
  });
});

describe("commands", () => {
  const lines = blocks
    .filter(
      (block) => block.language === "sh" || (block.language === "" && /^(npm|nightshift) /.test(block.text)),
    )
    .flatMap((block) => block.text.split("\n").map((text) => ({ place: placeOf(block), text: text.trim() })));
  const inline = files.flatMap((file) =>
    [...read(file).matchAll(/`((?:nightshift|npm) [^`\n]+)`/g)].map(([, text = ""]) => ({
      place: file,
      text,
    })),
  );
  /** Single commands; what follows a `&&`, `;` or `|` is one of its own. */
  const commands = [...lines, ...inline].flatMap(({ place, text }) =>
    text.split(/&&|;|\|/).map((part) => ({ place, words: part.trim().split(/\s+/) })),
  );

  /** The words after `nightshift` of a command that reaches our program; null for others. */
  function ourWords(words: readonly string[]): readonly string[] | null {
    if (words[0] === "nightshift") return words.slice(1);
    if (words[0] !== "npm") return null;
    const rest = words.slice(words.indexOf("--") === -1 ? words.length : words.indexOf("--") + 1);
    const script = words.slice(1).find((word) => !word.startsWith("-") && word !== "run");
    if (script === "nightshift") return rest;
    if (script === "start") return ["serve", ...rest];
    return script === "demo" ? ["demo", ...rest] : null;
  }
  const used = commands.flatMap(({ place, words }) => {
    const own = ourWords(words);
    return own === null ? [] : [{ place, words: own }];
  });

  async function help(...words: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(process.execPath, [
      join(root, "src/main.ts"),
      ...words,
      "--help",
    ]);
    return stdout;
  }

  test("of nightshift exist, with the flags that are shown", async () => {
    expect(used.length).toBeGreaterThan(8);
    const names = [
      "serve",
      "check",
      "schema",
      "demo",
      "bundle verify",
      "bundle ls",
      "bundle cat",
      "bundle diff",
      "admin gc",
      "run pin",
      "run unpin",
      "redact",
      "test",
      "replay",
      "alert send",
      "alert list",
      "alert show",
      "run list",
      "run view",
      "run cancel",
      "schedule list",
      "schedule run",
      "run start",
      "run rerun",
      "run watch",
      "run note",
      "run download",
      "notice list",
      "notice retry",
      "notice test",
      "pause add",
      "pause list",
      "pause remove",
      "host list",
      "host test",
      "host hold",
      "host release",
      "rule list",
      "rule show",
      "rule explain",
      "rule reset-breaker",
      "runbook list",
      "runbook show",
      "runbook plan",
      "approval list",
      "approval approve",
      "approval reject",
      "approval retry",
      "approval skip",
      "approval stop",
      "token create",
      "token list",
      "token revoke",
      "user hash",
      "user list",
      "user add",
      "user remove",
      "access check",
      "status",
      "admin reload",
      "completion",
      "audit tail",
      "audit export",
      "audit verify",
    ];
    const helps = new Map(
      await Promise.all(names.map(async (name) => [name, await help(...name.split(" "))] as const)),
    );
    const wrong = used.filter(({ words }) => {
      const both = words.slice(0, 2).join(" ");
      const name = names.includes(both) ? both : (words[0] ?? "");
      const text = helps.get(name);
      if (text === undefined) return true;
      const flags = words.filter((word) => word.startsWith("--")).map((word) => word.split("=")[0] ?? "");
      return flags.some((flag) => !new RegExp(`^ +${flag.replaceAll(".", "\\.")}\\b`, "m").test(text));
    });
    expect(wrong).toEqual([]);
  });

  test("every flag of serve is in operations.md", async () => {
    const flags = [...(await help("serve")).matchAll(/^ +(--[\w.-]+)/gm)].map(([, flag = ""]) => flag);
    expect(flags.length).toBeGreaterThan(5);
    expect(flags.filter((flag) => !read("docs/operations.md").includes(`\`${flag}`))).toEqual([]);
  });

  test("of npm are scripts of the package", () => {
    const { scripts } = JSON.parse(read("package.json")) as { readonly scripts: Record<string, string> };
    const called = commands.filter(
      ({ words }) => words[0] === "npm" && !["ci", "pack"].includes(words[1] ?? ""),
    );
    expect(called.length).toBeGreaterThan(8);
    const unknown = called.filter(({ words }) => {
      const script = words.slice(1).find((word) => !word.startsWith("-") && word !== "run");
      return script === undefined || !Object.hasOwn(scripts, script);
    });
    expect(unknown).toEqual([]);
  });

  test("that are cheap do what the documents say", async () => {
    const run = promisify(execFile);
    const main = join(root, "src/main.ts");
    const check = await run(process.execPath, [main, "check"], { cwd: root });
    expect(check.stdout).toContain("all good");
    for (const kind of ["rules", "runbook", "settings", "hosts", "test"]) {
      const schema = await run(process.execPath, [main, "schema", kind]);
      expect(JSON.parse(schema.stdout)).toHaveProperty("$schema");
    }
  });
});

describe("complete and up to date", () => {
  test("settings.md is what node docs/generate-settings.ts writes", () => {
    expect(read("docs/settings.md")).toBe(settingsReference());
  });

  test("every setting has a meaning, unless its name and value say it", () => {
    const silent = settingsReference()
      .split("\n")
      .filter((line) => line.startsWith("| `") && /\|\s+\|$/.test(line))
      .map((line) => /`([^`]+)`/.exec(line)?.[1]);
    const plain = [
      "auth.bearer",
      "basic.username",
      "basic.password",
      "hmac.secret",
      "standard_webhooks.secret",
    ];
    expect(silent).toEqual([
      ...plain.map((name) => `sources[].${name.startsWith("auth") ? "" : "auth."}${name}`),
      "notify[].events",
    ]);
  });

  test("operations.md lists every metric with its type, labels and help", () => {
    const metrics = createMetrics("0").registry.getMetricsAsArray() as unknown as readonly {
      readonly name: string;
      readonly type: string;
      readonly help: string;
      readonly labelNames: readonly string[];
    }[];
    const rows = metrics
      .filter(({ name }) => name.startsWith("nightshift_"))
      .map(({ name, type, labelNames, help }) => {
        const labels = labelNames.map((label) => `\`${label}\``).join(", ");
        return `| \`${name}\` | ${type} | ${labels} | ${help} |`;
      });
    const listed = read("docs/operations.md")
      .split("\n")
      .filter((line) => line.startsWith("| `nightshift_"));
    expect(listed).toEqual(rows);
  });

  test("promises.md names every suite of the reliability tests", () => {
    const suites = readdirSync(join(root, "test/reliability")).filter((name) => name.endsWith(".test.ts"));
    expect(suites.length).toBeGreaterThan(3);
    expect(suites.filter((name) => !read("docs/promises.md").includes(`test/reliability/${name}`))).toEqual(
      [],
    );
  });

  test("every benchmark with a goal is in promises.md", () => {
    const ids = ["bench/intake.ts", "bench/match.ts"].flatMap((file) =>
      [...read(file).matchAll(/"(P\d+[a-z]?)"/g)].map(([, id = ""]) => id),
    );
    expect(new Set(ids).size).toBeGreaterThan(3);
    expect(ids.filter((id) => !read("docs/promises.md").includes(`| ${id} |`))).toEqual([]);
  });
});
