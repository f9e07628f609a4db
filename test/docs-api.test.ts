// What docs/api.md, docs/self-service.md and docs/access.md say of the API: every example with curl is typed in as it stands, against the
// real service, and the operations are those that it has.
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import type { ApiOperation } from "../src/http/routes.ts";
import {
  type AccessService,
  ask,
  cookieOf,
  peopleSettings,
  startAccess,
  tokenOf,
} from "./http/login/login-fixture.ts";
import { type Block, readBlocks } from "./support/markdown.ts";
import { waitFor } from "./support/wait.ts";

const root = join(import.meta.dirname, "..");
const FILES = ["docs/api.md", "docs/self-service.md", "docs/access.md"];
const read = (file: string) => readFileSync(join(root, file), "utf8");
const LIMIT = { timeout: 120_000 };

const needed = ["bash", "curl", "sha256sum", "cmp"];
const missing = needed.filter(
  (program) => !(process.env["PATH"] ?? "").split(":").some((folder) => existsSync(join(folder, program))),
);
if (missing.length > 0) console.warn(`skipped: curl in the documents. Not installed: ${missing.join(", ")}`);

const HOSTS = `
defaults: {user: nobody, known_hosts: /dev/null, key: {file: /dev/null}}
hosts: [{name: web-1, address: 192.0.2.1, labels: {role: web}}]
`;
const LOOK = `
name: look
access: {run: [everyone]}
target: local
steps: [{id: look, effect: read, command: [echo, "all is well"]}]
`;

interface Place {
  readonly service: AccessService;
  readonly token: string;
  readonly run: string;
}

/** Dana and the runbooks of the documents, and a run that is over. */
async function startPlace(): Promise<Place> {
  const service = await startAccess({
    "nightshift.yml": peopleSettings({ dana: ["oncall"] }, 'admin: ["user:dana"]'),
    "hosts.yml": HOSTS,
    "runbooks/look.yml": LOOK,
    "runbooks/clear-cache.yml": runbookOf("docs/self-service.md", "runbooks/clear-cache.yml"),
    "runbooks/restart-web.yml": runbookOf("docs/access.md", "runbooks/restart-web.yml"),
  });
  const token = await tokenOf(service, await cookieOf(service, "dana"), "dana", ["all"]);
  const { json } = await ask(service, "POST", "/runbooks/look/runs", { token, body: {} });
  const run = String(json["id"]);
  await waitFor("the bundle of the run", async () => {
    const answer = await ask(service, "GET", `/runs/${run}`, { token });
    return answer.json["bundle"] !== null && answer.json["status"] === "succeeded";
  });
  return { service, token, run };
}

function runbookOf(file: string, name: string): string {
  const block = readBlocks(file, read(file)).find(({ text }) => text.startsWith(`# ${name}\n`));
  if (block === undefined) throw new Error(`${file} shows no ${name}`);
  return block.text;
}

test.skipIf(missing.length > 0).each(FILES)(
  "every example of curl in %s gives what it shows",
  LIMIT,
  async (file) => {
    const { service, token, run } = await startPlace();
    const folder = mkdtempSync(join(tmpdir(), "nightshift-curl-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const blocks = readBlocks(file, read(file));
    const env = { ...process.env, NIGHTSHIFT: service.app.url, TOKEN: token, RUN: run };
    let examples = 0;
    const answers: [unknown, Record<string, unknown>][] = [];
    for (const [index, block] of blocks.entries()) {
      if (block.language !== "sh" || !/\bcurl\b/.test(block.text)) continue;
      const { stdout } = await type(block, folder, env);
      const next = blocks[index + 1];
      if (next?.language === "json") answers.push([JSON.parse(stdout), shownIn(next)]);
      examples += 1;
    }
    for (const [answer, shown] of answers) expect(answer).toMatchObject(shown);
    console.log(`${file}: ${examples} examples`);
    expect(examples).toBeGreaterThan(1);
  },
);

/** A line that fails ends the block, and the test with what it wrote. */
function type({ file, line, text }: Block, cwd: string, env: NodeJS.ProcessEnv) {
  return promisify(execFile)("bash", ["-eu", "-o", "pipefail", "-c", text], { cwd, env }).catch(
    (error: unknown) => {
      throw new Error(`${file}:${line} failed`, { cause: error });
    },
  );
}

function shownIn({ text }: Block): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}

function rowOf({ method, path, policy, facts }: ApiOperation): string {
  const needs = policy.kind === "may" ? `\`${policy.permission}\`` : policy.kind === "open" ? "–" : "known";
  const of = policy.kind === "may" && policy.of !== "everything" ? ` of ${policy.of}` : "";
  const shown = path.replaceAll(/[:*]([a-z]+)/g, (_, name: string) => name.toUpperCase());
  return `| \`${method.toUpperCase()} ${shown}\` | ${facts.summary} | ${needs}${of} |`;
}

test("docs/api.md has every operation, with what it does and who may", LIMIT, async () => {
  const { service } = await startPlace();
  const text = read("docs/api.md");
  const section = text.slice(text.indexOf("\n## Operations\n"), text.indexOf("\n## What some of them say\n"));
  const rows = section.split("\n").filter((line) => line.startsWith("| `"));
  expect(rows).toEqual(service.app.operations.map(rowOf));
});
