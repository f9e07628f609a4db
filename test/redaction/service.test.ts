// A service that is given secrets keeps none of them: not in its log, its database, its files, its bundle, its answers, nor in a process list.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { isOver, listRuns, postAlerts, readRun } from "../support/alerts.ts";
import { freePort } from "../support/child-service.ts";
import { createServiceFolder, PROGRAM_FOLDER } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";

// Made here, so that they stand in no file of the repository.
const SECRETS = {
  DB_PASSWORD: ["Vq7", "kd/Lm+2x", "Zr9 wQ"].join(""),
  API_KEY: ["n5Tb", "8Yc1", "Hf6J"].join(""),
  SOURCE_TOKEN: ["Wg4s", "Px0e", "Ru3A"].join(""),
};
const TOKEN = `ghp_${"a1B2c3D4e5F6".repeat(3)}`;
const TICKET = `itk_${"4815162342".repeat(2)}`;
const OTHER = ["hunter", "22"].join("");
/** Known to nobody: shows that the search finds what is there. */
const UNKNOWN = ["canary", "Zx8Nn2"].join("-");

function settings(folder: string): string {
  return `
secrets:
  DB_PASSWORD: {file: ${folder}/db-password}
  API_KEY: {env: NIGHTSHIFT_TEST_API_KEY}
  ABSENT: {file: ${folder}/absent}
redact: {patterns: [{name: ticket, regex: "itk_[0-9]{20}"}]}
sources:
  - {name: alertmanager, kind: alertmanager, auth: {bearer: {file: ${folder}/source-token}}}
notifiers:
  - {name: hook, webhook: {url: {file: ${folder}/hook-url}}}
notify: [{to: hook, events: [failed, interrupted]}]
`;
}

const RUNBOOK = (folder: string, sink: string) => `
name: leak
target: local
http_hosts: [127.0.0.1]
secrets: [DB_PASSWORD, API_KEY, ABSENT]
steps:
  - id: prints
    env: {PW: "\${{ secrets.DB_PASSWORD }}", KEY: "\${{ secrets.API_KEY }}"}
    run: |
      echo "text $PW and $KEY"
      cat ${folder}/printed
      printf 'encoded %s\\n' "$(printf 'user:%s' "$PW" | base64)"
      printf '{"key": "%s"}' "$KEY" >&2
      while [ ! -e ${folder}/gate ]; do sleep 0.05; done
    outputs: {line: stdout}
  - id: tells_json
    env: {KEY: "\${{ secrets.API_KEY }}"}
    run: |
      printf '{"a": {"password": "%s", "k": "%s"}}' "$(cat ${folder}/other)" "$KEY"
    outputs: {a: json.a}
  - id: fails
    env: {PW: "\${{ secrets.DB_PASSWORD }}"}
    run: 'echo "cannot log in with $PW" >&2; exit 3'
    continue_on_error: true
  - id: asks
    http: {method: POST, url: "${sink}/echo", headers: {authorization: "Bearer \${{ secrets.API_KEY }}"}, json: {pw: "\${{ secrets.DB_PASSWORD }}"}}
    outputs: {said: response.body}
    continue_on_error: true
  - id: gathers
    collect: {paths: ["${folder}/logs/*"]}
  - id: tells
    notify: {to: hook, text: "it said \${{ steps.prints.stdout }} \${{ steps.asks.?outputs.?said.orValue('') }}"}
    continue_on_error: true
  - id: needs_absent
    env: {X: "\${{ secrets.ABSENT }}"}
    run: 'true'
summary: "said \${{ steps.prints.outputs.?line.orValue('') }}"
`;

/** What may be left of a secret: as it is, encoded in any of the usual ways. */
function formsOf(value: string): Buffer[] {
  const base64 = [0, 1, 2].map((offset) =>
    Buffer.concat([Buffer.alloc(offset), Buffer.from(value)])
      .toString("base64")
      .slice(4, -4),
  );
  return [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1), ...base64].map((form) =>
    Buffer.from(form),
  );
}

const LOOKED_FOR = Object.entries({ ...SECRETS, token: TOKEN, ticket: TICKET, password: OTHER }).flatMap(
  ([name, value]) => formsOf(value).map((form) => ({ name, form })),
);

function survivorsIn(where: string, bytes: Buffer): string[] {
  return LOOKED_FOR.filter(({ form }) => bytes.includes(form)).map(({ name }) => `${name} in ${where}`);
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

function commandLines(): Buffer {
  const lines = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`);
      } catch {
        return Buffer.alloc(0);
      }
    });
  return Buffer.concat(lines);
}

/** Answers everything with what it was sent, and keeps what the notifier said. */
async function openSink(): Promise<{ url: string; told: string[] }> {
  const told: string[] = [];
  const server = createServer((request, response) => {
    void textOf(request).then((body) => {
      if (request.url === "/hook") told.push(body);
      response.setHeader("content-type", "application/json");
      response.setHeader("x-api-key", SECRETS.API_KEY);
      response.end(JSON.stringify({ headers: request.headers, body }));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, told };
}

test("no secret is left anywhere", { timeout: 120_000 }, async () => {
  const sink = await openSink();
  const at = createServiceFolder();
  onTestFinished(() => at.remove());
  at.write({
    "nightshift.yml": settings(at.folder),
    "rules/all.yml":
      "rules: [{name: act, mode: auto, matchers: ['alertname = \"Leak\"'], runbook: leak, guards: {cooldown: 1s}}]\n",
    "runbooks/leak.yml": RUNBOOK(at.folder, sink.url),
    "hosts.yml": `hosts: [{name: local, readable: ["${at.folder}/logs/**"]}]\n`,
    "db-password": `${SECRETS.DB_PASSWORD}\n`,
    // What is known by its looks alone, and what nobody knows: not in the runbook, whose text is kept.
    printed: `${TOKEN} ${TICKET} ${UNKNOWN}\n`,
    other: OTHER,
    "source-token": `${SECRETS.SOURCE_TOKEN}\n`,
    "hook-url": `${sink.url}/hook\n`,
    [`logs/app-${SECRETS.API_KEY}.log`]: `started\npassword=${SECRETS.DB_PASSWORD}\n${TOKEN} ${SECRETS.SOURCE_TOKEN} ${UNKNOWN}\n`,
  });
  const port = await freePort();
  const flags = ["--config.file", at.configFile, "--storage.path", at.storagePath, "--log.level", "debug"];
  const service = spawn(
    process.execPath,
    [join(PROGRAM_FOLDER, "src/main.ts"), "serve", ...flags, "--web.listen-address", `127.0.0.1:${port}`],
    { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, NIGHTSHIFT_TEST_API_KEY: SECRETS.API_KEY } },
  );
  onTestFinished(() => void service.kill("SIGKILL"));
  const logged: Buffer[] = [];
  for (const stream of [service.stdout, service.stderr])
    stream.on("data", (chunk: Buffer) => logged.push(chunk));
  const url = `http://127.0.0.1:${port}`;
  await waitFor(
    "the service",
    async () => (await fetch(`${url}/-/ready`).catch(() => null))?.status === 200,
    60_000,
  );

  const refused = await postAlerts(url, [{ labels: { alertname: "Leak" } }]);
  expect(refused.status).toBe(401);
  const accepted = await fetch(`${url}/webhooks/alertmanager`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${SECRETS.SOURCE_TOKEN}` },
    body: JSON.stringify({
      version: "4",
      status: "firing",
      receiver: "x",
      groupLabels: {},
      commonLabels: {},
      commonAnnotations: {},
      externalURL: "",
      groupKey: "x",
      alerts: [
        {
          status: "firing",
          labels: { alertname: "Leak" },
          annotations: {},
          startsAt: new Date().toISOString(),
        },
      ],
    }),
  });
  expect(accepted.status).toBe(202);

  const running = await waitFor("the run", async () => (await listRuns(url))[0], 60_000);
  const isPrinting = async () =>
    (await readRun(url, running.id)).steps.some((step) => step.id === "prints" && step.status === "running");
  await waitFor("the first step", isPrinting, 60_000);
  const survivors = survivorsIn("a process list", commandLines());
  expect(commandLines().includes("gate")).toBe(true);
  writeFileSync(join(at.folder, "gate"), "");
  await waitFor("the end of the run", async () => (await listRuns(url)).every(isOver), 60_000);
  const run = await readRun(url, running.id);
  expect(Object.fromEntries(run.steps.map((step) => [step.id, step.status]))).toEqual({
    prints: "succeeded",
    tells_json: "succeeded",
    fails: "failed",
    asks: "succeeded",
    gathers: "succeeded",
    tells: "succeeded",
    needs_absent: "failed",
  });
  const bundle = await waitFor(
    "the bundle",
    async () => {
      const answer = await fetch(`${url}/api/v1/runs/${run.id}/bundle.zip`);
      const isSealed = (await readRun(url, run.id)).bundle !== null;
      return answer.ok && isSealed ? Buffer.from(await answer.arrayBuffer()) : null;
    },
    60_000,
  );
  await waitFor("the notice of the failure", () => sink.told.length >= 2, 60_000);

  const pages = [
    `/api/v1/runs/${run.id}`,
    "/api/v1/runs",
    "/api/v1/alerts",
    `/runs/${run.id}`,
    "/api/v1/status",
    "/metrics",
  ];
  for (const path of pages)
    survivors.push(...survivorsIn(path, Buffer.from(await (await fetch(url + path)).arrayBuffer())));
  const metrics = await (await fetch(`${url}/metrics`)).text();
  service.kill("SIGTERM");
  await once(service, "exit");

  const zip = join(at.folder, "bundle.zip");
  writeFileSync(zip, bundle);
  const unpacked = execFileSync("unzip", ["-p", zip], { maxBuffer: 1 << 28 });
  const names = execFileSync("unzip", ["-Z1", zip], { encoding: "utf8" });
  const stored = filesBelow(at.storagePath);
  for (const file of stored) survivors.push(...survivorsIn(file, readFileSync(file)));
  survivors.push(
    ...survivorsIn("the bundle", unpacked),
    ...survivorsIn("the names in the bundle", Buffer.from(names)),
    ...survivorsIn("a notice", Buffer.from(sink.told.join("\n"))),
    ...survivorsIn("the log", Buffer.concat(logged)),
  );
  const databases = stored.filter(
    (file) => readFileSync(file).subarray(0, 15).toString() === "SQLite format 3",
  );
  console.log(
    `PROMISE S16 service: ${LOOKED_FOR.length} forms of ${Object.keys(SECRETS).length + 3} secrets in ${stored.length} stored files (${databases.length} database), bundle, ${pages.length} answers, log at debug, process list, ${sink.told.length} notices: ${survivors.length} survivors (limit 0)`,
  );
  expect(survivors).toEqual([]);
  expect(databases.length).toBeGreaterThan(0);

  // The search finds what nobody took for a secret, where the secrets would have been.
  expect(unpacked.includes(UNKNOWN)).toBe(true);
  expect(databases.some((file) => readFileSync(file).includes(UNKNOWN))).toBe(true);
  expect(sink.told.join("\n")).toContain(UNKNOWN);
  expect(unpacked.toString()).toContain("text [redacted:DB_PASSWORD] and [redacted:API_KEY]");
  expect(names).toMatch(/app-\[redacted%3AAPI_KEY\]\.log/);
  expect(run.message).toContain("the secret ABSENT could not be read: the secret file");
  expect(metrics).toMatch(/nightshift_redactions_total\{pattern="DB_PASSWORD"\} [1-9]/);
  expect(metrics).toMatch(/nightshift_redactions_total\{pattern="ticket"\} [1-9]/);
  const manifest = JSON.parse(execFileSync("unzip", ["-p", zip, "*manifest.json"], { encoding: "utf8" })) as {
    files: { path: string; redactions: number | null }[];
  };
  const counted = manifest.files.filter((file) => (file.redactions ?? 0) > 0).map((file) => file.path);
  expect(counted.some((path) => path.startsWith("files/"))).toBe(true);
  expect(counted).toContain("steps/01-prints/stdout.log");
});
