import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hasErrors } from "../../src/catalog/catalog.ts";
import { loadCatalog } from "../../src/catalog/load.ts";
import type { FileProblem } from "../../src/platform/problems.ts";
import { createConfigFolder, GOOD } from "./folder.ts";

/** `file:line code: marked text` of every problem, with the files of a good configuration replaced by these. */
async function problemsWith(
  files: Readonly<Record<string, string>>,
  options: { lint?: boolean; isAnyoneTold?: boolean } = {},
): Promise<string[]> {
  await using folder = await createConfigFolder({ ...GOOD, ...files });
  const { isAnyoneTold, ...loadOptions } = options;
  const source = isAnyoneTold === undefined ? folder.source : { ...folder.source, isAnyoneTold };
  const catalog = await loadCatalog(source, loadOptions);
  return catalog.problems.map((problem) => shown(problem, folder.path));
}

function shown({ file, line, column, length, code, sourceLine }: FileProblem, folder: string): string {
  const marked = sourceLine.slice(column - 1, column - 1 + length);
  return `${file.slice(folder.length + 1)}:${line} ${code}: ${marked}`;
}

const RULE = GOOD["rules/10-slow.yml"] ?? "";
const RUNBOOK = GOOD["runbooks/look.yml"] ?? "";

describe("a good configuration", () => {
  test("becomes a snapshot without problems", async () => {
    await using folder = await createConfigFolder(GOOD);
    const catalog = await loadCatalog(folder.source, { lint: true });
    expect(catalog.problems).toEqual([]);
    expect(catalog.rules.map((rule) => rule.name)).toEqual(["slow"]);
    expect(catalog.runbooks.get("look")?.steps).toHaveLength(1);
    expect(catalog.inventory.resolve("web-1:9100").address).toBe("10.0.0.1");
    expect(catalog.index.rules).toBe(catalog.rules);
  });

  test("has the same digest in another folder, and another one after any change", async () => {
    await using one = await createConfigFolder(GOOD);
    await using two = await createConfigFolder(GOOD);
    const digest = (await loadCatalog(one.source)).digest;
    expect((await loadCatalog(two.source)).digest).toBe(digest);
    await two.write("hosts.yml", `${GOOD["hosts.yml"]}# a comment\n`);
    expect((await loadCatalog(two.source)).digest).not.toBe(digest);
  });

  test("tries rules by file name, whatever the order of the patterns", async () => {
    const rule = (name: string) =>
      `rules:\n  - {name: ${name}, mode: observe, matchers: ['a = "${name}"']}\n`;
    await using folder = await createConfigFolder({
      ...GOOD,
      "rules/20-b.yml": rule("b"),
      "rules/05-a.yml": rule("a"),
      "rules/10-slow.test.yml": "not: rules",
    });
    const catalog = await loadCatalog({ ...folder.source, rules: ["rules/2*.yml", "rules/*.yml"] });
    expect(catalog.rules.map(({ name }) => name)).toEqual(["a", "slow", "b"]);
  });

  test("is read through the links that Kubernetes makes", async () => {
    await using folder = await createConfigFolder({
      ...GOOD,
      "rules/..2026/20-more.yml": RULE.replace("slow", "more"),
    });
    await symlink("..2026", join(folder.path, "rules/..data"));
    await symlink("..data/20-more.yml", join(folder.path, "rules/20-more.yml"));
    const catalog = await loadCatalog(folder.source);
    expect(catalog.problems).toEqual([]);
    expect(catalog.rules.map(({ name }) => name)).toEqual(["slow", "more"]);
  });
});

describe("files that cannot be used", () => {
  test("do not hide one another's problems", async () => {
    expect(
      await problemsWith({
        "hosts.yml": "hosts:\n  - {name: web-1, adress: 10.0.0.1}\n",
        "runbooks/look.yml": RUNBOOK.replace("collect:", "colect:"),
        "runbooks/broken.yml": "name: [",
        "rules/10-slow.yml": RULE.replace("Slow", 'Slow" x'),
        "rules/20-other.yml": "rules:\n  - {name: other, mode: loud}\n",
      }),
    ).toEqual([
      "hosts.yml:2 unknown-key: adress",
      'rules/10-slow.yml:4 matcher-syntax: "',
      "rules/20-other.yml:2 invalid-value: loud",
      expect.stringMatching(/^runbooks\/broken\.yml:\d+ yaml-syntax: /),
      "runbooks/look.yml:7 unknown-key: colect",
    ]);
  });

  test.each([
    ["a pattern without files", { folder: { remove: "rules/10-slow.yml" } }, /^rules\/\*\.yml:1 no-files: $/],
    ["a link to nowhere", { link: ["rules/20.yml", "gone.yml"] }, /^rules\/20\.yml:1 unreadable-file: $/],
    [
      "a link that leads to itself",
      { link: ["rules/20.yml", "20.yml"] },
      /^rules\/20\.yml:1 unreadable-file: $/,
    ],
    ["a device", { link: ["rules/20.yml", "/dev/zero"] }, /^rules\/20\.yml:1 unreadable-file: $/],
    [
      "bytes that are no UTF-8",
      { bytes: ["rules/20.yml", Buffer.from([0x72, 0xc3, 0x28])] },
      /^rules\/20\.yml:1 not-utf8: $/,
    ],
    [
      "a huge file",
      { bytes: ["rules/20.yml", Buffer.alloc(5_000_000, "#")] },
      /^rules\/20\.yml:1 file-too-large: $/,
    ],
    ["a file of nothing", { bytes: ["rules/20.yml", Buffer.alloc(0)] }, /^rules\/20\.yml:1 empty-file: $/],
  ] as const)("%s is an error", async (_, how, expected) => {
    await using folder = await createConfigFolder(GOOD);
    if ("folder" in how) await folder.remove(how.folder.remove);
    if ("link" in how) await symlink(how.link[1], join(folder.path, how.link[0]));
    if ("bytes" in how) await folder.write(how.bytes[0], how.bytes[1] as unknown as string);
    const catalog = await loadCatalog(folder.source);
    expect(hasErrors(catalog)).toBe(true);
    expect(catalog.problems.map((problem) => shown(problem, folder.path))[0]).toMatch(expected);
  });

  test("a runbook with errors is not also missing", async () => {
    expect(await problemsWith({ "runbooks/look.yml": RUNBOOK.replace("collect", "colect") })).toEqual([
      "runbooks/look.yml:7 unknown-key: colect",
    ]);
  });
});

describe("what one file cannot know", () => {
  test.each([
    ["two rules of one name", { "rules/20.yml": RULE }, ["rules/20.yml:2 repeated-name: slow"]],
    [
      "two runbooks of one name",
      { "runbooks/more.yml": RUNBOOK },
      ["runbooks/more.yml:1 repeated-name: look"],
    ],
    [
      "two hosts of one name",
      { "hosts.yml": `${GOOD["hosts.yml"]}  - {name: web-1, address: 10.0.0.3}\n` },
      ["hosts.yml:4 repeated-name: web-1"],
    ],
    [
      "a rule's runbook",
      { "rules/10-slow.yml": RULE.replace("runbook: look", "runbook: lok") },
      ["rules/10-slow.yml:5 unknown-runbook: lok"],
    ],
    [
      "a rule's source",
      { "rules/10-slow.yml": RULE.replace("mode: auto", "mode: auto\n    source: grafana") },
      ["rules/10-slow.yml:4 unknown-source: grafana"],
    ],
    [
      "an input that a rule gives",
      { "rules/10-slow.yml": RULE.replace("with: {", "with: {hots: web-1, ") },
      ["rules/10-slow.yml:6 unknown-input: hots"],
    ],
    [
      "an input that a rule leaves out",
      { "rules/10-slow.yml": RULE.replace(/ {4}with.*\n/, "") },
      ["rules/10-slow.yml:5 missing-input: look"],
    ],
    [
      "a fixed value that does not fit",
      { "rules/10-slow.yml": RULE.replace("with: {", "with: {lines: many, ") },
      ["rules/10-slow.yml:6 wrong-type: many"],
    ],
    [
      "a fixed host that is nowhere",
      { "rules/10-slow.yml": RULE.replace(/with: .*/, "with: {host: web-9}") },
      ["rules/10-slow.yml:6 unknown-host: web-9"],
    ],
    [
      "a default host that is nowhere",
      { "runbooks/look.yml": RUNBOOK.replace("{type: host}", "{type: host, default: web-9}") },
      ["runbooks/look.yml:4 unknown-host: web-9"],
    ],
    [
      "a target that is nowhere",
      { "runbooks/look.yml": `${RUNBOOK}  - {id: b, target: web-9, command: [a]}\n` },
      ["runbooks/look.yml:8 unknown-host: web-9"],
    ],
    [
      "a user that may not be become",
      { "runbooks/look.yml": `${RUNBOOK}  - {id: b, target: web-1, become: app, command: [a]}\n` },
      ["runbooks/look.yml:8 become-not-allowed: app"],
    ],
    [
      "a notifier",
      { "runbooks/look.yml": `${RUNBOOK}  - {id: b, notify: {to: oncal, text: hello}}\n` },
      ["runbooks/look.yml:8 unknown-notifier: oncal"],
    ],
    [
      "a host out of automation",
      { "runbooks/look.yml": `${RUNBOOK}  - {id: b, target: frozen, command: [a]}\n` },
      ["rules/10-slow.yml:5 automation-off: look"],
    ],
  ])("%s", async (_, files, expected) => {
    expect(await problemsWith(files)).toEqual(expected);
  });

  test("no rule may act when nobody would be told of a failure", async () => {
    expect(await problemsWith({}, { isAnyoneTold: false })).toEqual([
      "rules/10-slow.yml:3 nobody-told: auto",
    ]);
    expect(
      await problemsWith({ "rules/10-slow.yml": RULE.replace("auto", "observe") }, { isAnyoneTold: false }),
    ).toEqual([]);
    expect(await problemsWith({}, { isAnyoneTold: true })).toEqual([]);
  });

  test("a rule that asks a person first counts as acting", async () => {
    const files = { "rules/10-slow.yml": RULE.replace("auto", "approve") };
    expect(await problemsWith(files, { isAnyoneTold: false })).toEqual([
      "rules/10-slow.yml:3 nobody-told: approve",
    ]);
  });

  test("a rule that tells somebody itself needs nobody in the settings, one that tells nobody is refused", async () => {
    const telling = (notify: string) => ({
      "rules/10-slow.yml": RULE.replace("mode: auto", `mode: auto\n    notify: ${notify}`),
    });
    expect(await problemsWith(telling("[{to: oncall, events: [failed]}]"), { isAnyoneTold: false })).toEqual(
      [],
    );
    expect(await problemsWith(telling("[]"), { isAnyoneTold: true })).toEqual([
      "rules/10-slow.yml:3 nobody-told: auto",
    ]);
  });

  test("the runbooks of a ladder and of on_resolve are checked like the rule's own", async () => {
    const more = `    ladder: [{runbook: lok, with: {hots: 1}}, {runbook: look, with: {hots: web-1}}]
    on_resolve: {run: look, with: {host: web-9}}
`;
    expect(await problemsWith({ "rules/10-slow.yml": `${RULE}${more}` })).toEqual([
      "rules/10-slow.yml:8 unknown-runbook: lok",
      "rules/10-slow.yml:8 missing-input: look",
      "rules/10-slow.yml:8 unknown-input: hots",
      "rules/10-slow.yml:9 unknown-host: web-9",
    ]);
  });
});

describe("lints", () => {
  const rule = (name: string, more: string) =>
    `  - {name: ${name}, mode: auto, runbook: look, with: {host: web-1}, guards: {cooldown: 1m}, ${more}}\n`;

  test.each([
    [
      "a change before any evidence",
      { "runbooks/b.yml": "name: b\nowner: t\nsteps:\n  - {wait: 1s}\n  - {command: [a]}\n" },
      ["runbooks/b.yml:5 change-without-evidence: {"],
    ],
    [
      "a runbook without an owner",
      { "runbooks/b.yml": "name: b\nsteps:\n  - {wait: 1s}\n" },
      ["runbooks/b.yml:1 no-owner: b"],
    ],
    [
      "an auto rule without any guard",
      { "rules/10-slow.yml": RULE.replace(/ {4}guards.*\n/, "") },
      ["rules/10-slow.yml:3 auto-without-guard: auto"],
    ],
    [
      "a value that an interpreter reads",
      {
        "runbooks/b.yml":
          'name: b\nowner: t\ninputs: {x: {type: string}}\nsteps:\n  - {command: [/bin/sh, -c, "echo ${{ inputs.x }}"], effect: read}\n',
      },
      ["runbooks/b.yml:5 interpreter-argument: ["],
    ],
    [
      "a value that a collected command's interpreter reads",
      {
        "runbooks/b.yml":
          'name: b\nowner: t\ninputs: {x: {type: string}}\nsteps:\n  - {collect: {commands: [[ls], [awk, "${{ inputs.x }}"]]}}\n',
      },
      ["runbooks/b.yml:5 interpreter-argument: ["],
    ],
    [
      "a program that a value chooses",
      {
        "runbooks/b.yml":
          'name: b\nowner: t\ninputs: {x: {type: string}}\nsteps:\n  - {command: ["/opt/${{ inputs.x }}"], effect: read}\n',
      },
      ["runbooks/b.yml:5 templated-program: ["],
    ],
    [
      "a value that find executes",
      {
        "runbooks/b.yml":
          'name: b\nowner: t\ninputs: {x: {type: string}}\nsteps:\n  - {command: [find, /srv, -exec, "${{ inputs.x }}", ";"], effect: read}\n',
      },
      ["runbooks/b.yml:5 interpreter-argument: ["],
    ],
    [
      "a step that never runs",
      { "runbooks/b.yml": "name: b\nowner: t\nsteps:\n  - {if: 1 > 2, wait: 1s}\n" },
      ["runbooks/b.yml:4 step-never-runs: 1 > 2"],
    ],
    [
      "what is destroyed unseen",
      {
        "runbooks/b.yml":
          "name: b\nowner: t\nsteps:\n  - {command: [ls], effect: read}\n  - {command: [a], effect: destructive}\n  - {command: [a], effect: destructive, preview: ls}\n",
      },
      ["runbooks/b.yml:5 destructive-without-preview: effect"],
    ],
    [
      "self-service for nobody",
      { "runbooks/b.yml": "name: b\nowner: t\ntags: [self-service]\nsteps:\n  - {wait: 1s}\n" },
      ["runbooks/b.yml:3 self-service-without-access: ["],
    ],
    [
      "a rule that an equal one shadows",
      { "rules/20.yml": `rules:\n${rule("late", "matchers: ['instance != \"\"', 'alertname=\"Slow\"']")}` },
      ["rules/20.yml:2 unreachable-rule: late"],
    ],
    [
      "a rule that a wider one shadows",
      { "rules/05.yml": `rules:\n${rule("wide", "matchers: ['instance != \"\"']")}` },
      ["rules/10-slow.yml:2 unreachable-rule: slow"],
    ],
    [
      "a regular expression with a line break",
      { "rules/20.yml": `rules:\n${rule("late", "matchers: ['a =~ \"x\\\\ny\"']")}` },
      ["rules/20.yml:2 line-break-in-matcher: ["],
    ],
  ])("warn of %s", async (_, files, expected) => {
    expect(await problemsWith(files, { lint: true })).toEqual(expected);
    expect(await problemsWith(files)).toEqual([]);
  });

  test.each([
    ["goes on", rule("wide", "matchers: ['instance != \"\"'], continue: true")],
    [
      "has a condition",
      rule("wide", "matchers: ['instance != \"\"'], if: 'now > timestamp(\"2020-01-01T00:00:00Z\")'"),
    ],
    ["only takes one source", rule("wide", "matchers: ['instance != \"\"'], source: alertmanager")],
    ["only observes", "  - {name: wide, mode: observe, matchers: ['instance != \"\"']}\n"],
  ])("say nothing of a rule behind one that %s", async (_, text) => {
    expect(await problemsWith({ "rules/05.yml": `rules:\n${text}` }, { lint: true })).toEqual([]);
  });
});
