import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { onTestFinished } from "vitest";
import { type TestOptions, testCommand } from "../../src/cli/test.ts";

const PROGRAM_FOLDER = join(import.meta.dirname, "../..");

/** What the tests of this folder may name beside their own files. */
const AROUND: Readonly<Record<string, string>> = {
  "hosts.yml": `hosts:
  - {name: web-1, address: 10.0.0.1, labels: {role: web}}
  - {name: web-2, address: 10.0.0.2, labels: {role: web}}
`,
  "runbooks/look.yml": `name: look
inputs:
  host: {type: host}
steps:
  - {id: uptime, target: "\${{ inputs.host }}", effect: read, command: [uptime]}
`,
  "runbooks/fix.yml": `name: fix
inputs:
  host: {type: host}
target: \${{ inputs.host }}
steps:
  - {id: restart, command: [systemctl, restart, web]}
`,
};

/** The beginning of a file of tests for `rules.yml`. */
export const HEAD = "settings: {runbooks: [runbooks/*.yml], hosts: [hosts.yml]}\nrule_files: [rules.yml]\n";

/** A folder with these files and those around them; removed when the test ends. */
export function testsFolder(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "nightshift-tests-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries({ ...AROUND, ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

export interface Written {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `nightshift test a.test.yml` in a folder with these files. FOLDER stands for it in what was written. */
export async function runTests(
  files: Readonly<Record<string, string>>,
  options: Partial<TestOptions> = {},
): Promise<Written> {
  const folder = testsFolder(files);
  const names = Object.keys(files).filter((name) => name.endsWith(".test.yml"));
  const all: TestOptions = {
    files: names.map((name) => join(folder, name)),
    configFile: null,
    run: null,
    junit: null,
    coverage: false,
    coverageThreshold: null,
    format: "text",
    ...options,
  };
  const written = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof written) => ({ write: (text: string) => (written[name] += text) });
  const exitCode = await testCommand(all, PROGRAM_FOLDER, {
    stdout: stream("stdout"),
    stderr: stream("stderr"),
  });
  const shown = (text: string) =>
    text.replaceAll(folder, "FOLDER").replaceAll(relative(process.cwd(), folder), "FOLDER");
  return { exitCode, stdout: shown(written.stdout), stderr: shown(written.stderr) };
}
