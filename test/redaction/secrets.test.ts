// Secrets of runbooks: where they may stand, who checks their names, and what the command shows.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { hasErrors } from "../../src/catalog/catalog.ts";
import { loadCatalog } from "../../src/catalog/load.ts";
import { redactCommand } from "../../src/cli/redact.ts";
import { KnownSecrets } from "../../src/known-secrets.ts";
import { readSecrets } from "../../src/read-secrets.ts";
import { catalogSourceOf } from "../../src/settings/catalog-source.ts";
import { createSecretReaders, loadSettings } from "../../src/settings/load.ts";
import { createServiceFolder, PROGRAM_FOLDER } from "../support/service.ts";

const SETTINGS = `
secrets: {DB_PASSWORD: {file: nowhere}, API_KEY: {env: NIGHTSHIFT_NOT_SET}}
notifiers: [{name: log, log: {}}]
notify: [{to: log, events: [failed]}]
`;

async function load(files: Record<string, string>) {
  const at = createServiceFolder({ "nightshift.yml": SETTINGS, ...files });
  onTestFinished(() => at.remove());
  const flags = { configFile: at.configFile, listenAddress: null, externalUrl: null, storagePath: null };
  return { at, loaded: await loadSettings(flags, PROGRAM_FOLDER) };
}

async function problemsOf(runbook: string): Promise<string[]> {
  const { loaded } = await load({ "runbooks/r.yml": `name: r\ntarget: local\n${runbook}` });
  if (!loaded.ok) throw new Error("the settings are wrong");
  const catalog = await loadCatalog(catalogSourceOf(loaded.settings));
  return catalog.problems.map(({ code, message }) => `${code}: ${message}`);
}

const PW = "${{ secrets.DB_PASSWORD }}";

test("secrets stand in env, and in headers and the body of http; check reads none of them", async () => {
  expect(
    await problemsOf(`
http_hosts: [db.example.net]
secrets: [DB_PASSWORD, API_KEY]
steps:
  - {id: a, run: 'true', env: {PW: "x${PW}"}}
  - {id: b, command: ["true"], env: {PW: "${PW}"}}
  - {id: c, http: {method: POST, url: "http://db.example.net/", headers: {x: "${PW}"}, json: {a: ["\${{ secrets.API_KEY }}"]}}}
  - {id: d, http: {method: POST, url: "http://db.example.net/", body: "pw=${PW}"}}
`),
  ).toEqual([]);
});

test.each([
  [`command: [mysql, "-p${PW}"]`, "secret-on-command-line"],
  [`collect: {commands: [[mysql, "${PW}"]]}`, "secret-on-command-line"],
  [`http: {url: "http://db.example.net/${PW}"}`, "secret-not-here"],
  [`notify: {to: log, text: "${PW}"}`, "secret-not-here"],
  [`prometheus: {query: 'up{a=$a}', vars: {a: "${PW}"}}`, "secret-not-here"],
  [`run: 'true'\n    if: 'secrets.DB_PASSWORD == "x"'`, "secret-not-here"],
  [`run: 'true'\n    outputs: {x: secrets.DB_PASSWORD}`, "secret-not-here"],
  [
    `run: 'true'\n    env: {X: "\${{ secrets.DB_PASWORD }}"}`,
    'expression-unknown-name: the runbook has no secret "DB_PASWORD"; did you mean "DB_PASSWORD"?',
  ],
  [
    `run: 'true'\n    env: {X: "\${{ secrets.API_KEY }}"}`,
    'expression-unknown-name: the runbook does not ask for the secret "API_KEY"; add it to its secrets: [DB_PASSWORD, API_KEY]',
  ],
  [`run: 'true'\n    env: {X: "\${{ string(secrets) }}"}`, "secret-not-here"],
])("refuses %s", async (step, code) => {
  const problems = await problemsOf(`secrets: [DB_PASSWORD]\nsteps:\n  - id: a\n    ${step}\n`);
  expect(problems.filter((problem) => problem.startsWith(code))).toHaveLength(1);
});

test("a secret in the summary is refused", async () => {
  const runbook = `secrets: [DB_PASSWORD]\nsteps: [{id: a, run: 'true'}]\nsummary: "${PW}"\n`;
  expect((await problemsOf(runbook))[0]).toMatch(/^secret-not-here/);
});

test("a name that the settings do not have is found by check", async () => {
  const problems = await problemsOf("secrets: [DB_PASWORD]\nsteps: [{id: a, run: 'true'}]\n");
  expect(problems).toEqual([
    'unknown-secret: the settings have no secret "DB_PASWORD"; did you mean "DB_PASSWORD"?',
  ]);
});

test.each([
  ["{name: x, regex: '('}", "invalid-regex"],
  ["{name: x, regex: '(?=a)'}", "invalid-regex"],
  ["{name: x, regex: 'a*'}", "invalid-regex"],
  ["{name: jwt, regex: 'a'}", "duplicate-name"],
])("refuses the pattern %s", async (pattern, code) => {
  const { loaded } = await load({ "nightshift.yml": `${SETTINGS}redact: {patterns: [${pattern}]}\n` });
  expect(loaded.ok).toBe(false);
  expect(loaded.problems.map((problem) => problem.code)).toEqual([code]);
});

test("warns of a pattern that makes all of them dear", async () => {
  const { loaded } = await load({
    "nightshift.yml": `${SETTINGS}redact: {patterns: [{name: x, regex: '\\Aitk_'}, {name: y, regex: '^itk_$'}]}\n`,
  });
  expect(loaded.ok).toBe(true);
  expect(loaded.problems.map(({ severity, code, message }) => [severity, code, message])).toEqual([
    [
      "warning",
      "slow-pattern",
      expect.stringMatching(/every line by itself.*64 KiB.*write \^ and \$/) as unknown,
    ],
  ]);
});

test.each(["{a b: {file: x}}", "{A: plain}"])("refuses the secrets %s", async (text) => {
  const { loaded } = await load({ "nightshift.yml": `secrets: ${text}\n` });
  expect(loaded.ok).toBe(false);
});

test("what cannot be read, or is too short to be kept out of logs, is named without its value", async () => {
  const { at, loaded } = await load({
    "nightshift.yml": "secrets: {GOOD: {file: good}, SHORT: {file: short}, ABSENT: {file: absent}}\n",
    good: "Zk93hfPq0sLm\n",
    short: "abc\n",
  });
  if (!loaded.ok) throw new Error("the settings are wrong");
  const known = new KnownSecrets();
  const secrets = await readSecrets(loaded.settings, createSecretReaders(at.folder), known);
  expect(Object.fromEntries(secrets)).toEqual({
    GOOD: { kind: "value", value: "Zk93hfPq0sLm" },
    SHORT: { kind: "unreadable", message: expect.stringContaining("fewer than 4 characters") as string },
    ABSENT: { kind: "unreadable", message: "the secret file absent could not be read (ENOENT)" },
  });
  writeFileSync(join(at.folder, "good"), "another-value-1\n");
  await readSecrets(loaded.settings, createSecretReaders(at.folder), known);
  expect(known.list().map(({ value }) => value)).toEqual(
    expect.arrayContaining(["Zk93hfPq0sLm", "another-value-1"]),
  );
});

test("redact --test prints the file as it would be stored, and where what was found", async () => {
  const key = `-----BEGIN PRIVATE KEY-----\n${"A".repeat(64)}\n-----END PRIVATE KEY-----`;
  const { at } = await load({
    "nightshift.yml":
      'secrets: {GOOD: {file: good}, ABSENT: {file: absent}}\nredact: {patterns: [{name: ticket, regex: "itk_[0-9]{4}"}]}\n',
    good: "Zk93hfPq0sLm\n",
    "some.log": `one\n${key}\npassword=hunter2 Zk93hfPq0sLm\nitk_1234\nplain\nitk_1234 itk_1234\n`,
  });
  const written = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof written) => ({ write: (text: string) => (written[name] += text) });
  const output = { stdout: stream("stdout"), stderr: stream("stderr") };
  const options = { file: join(at.folder, "some.log"), configFile: at.configFile };
  expect(await redactCommand(options, PROGRAM_FOLDER, output)).toBe(0);
  expect(written.stdout).toBe(
    "one\n[redacted:private-key]\npassword=[redacted:password] [redacted:GOOD]\n[redacted:ticket]\nplain\n[redacted:ticket] [redacted:ticket]\n",
  );
  expect(written.stderr).toBe(
    [
      "not looked for: the secret ABSENT: the secret file absent could not be read (ENOENT)",
      "GOOD: 1 (line 5)",
      "password: 1 (line 5)",
      "private-key: 1 (line 2)",
      "ticket: 3 (lines 6, 8)\n",
    ].join("\n"),
  );
});

test("a catalog without a word about secrets is not judged by their names", async () => {
  const { loaded } = await load({
    "runbooks/r.yml": "name: r\nsecrets: [ANY]\nsteps: [{id: a, run: 'true', target: local}]\n",
  });
  if (!loaded.ok) throw new Error("the settings are wrong");
  const { secretNames: _names, ...source } = catalogSourceOf(loaded.settings);
  expect(hasErrors(await loadCatalog(source))).toBe(false);
});
