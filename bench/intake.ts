import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LoadReport } from "./load.ts";
import { freePort, output, type Program, startProgram } from "./processes.ts";
import type { BenchResult, Suite } from "./suite.ts";

/** Enough that the next commit always has its deliveries waiting, as with many Alertmanagers and their groups. */
const CONNECTIONS = 128;
const ROUNDS = 3;
const here = fileURLToPath(new URL(".", import.meta.url));

/** P1, P1b and P1c: deliveries a second that are acknowledged after a durable commit, beside programs that keep nothing. */
export const intakeSuite: Suite = {
  name: "intake",
  async run(budgetMs) {
    // Warm-up and rounds of three promises, each with its reference.
    const secondsEach = Math.max(1, Math.min(4, budgetMs / 1000 / (3 * (ROUNDS + 1) * 2)));
    return [
      await measure(
        "P1",
        "durable intake, repeats of open episodes",
        "repeat",
        CATCH_ALL,
        startExpress,
        0.6,
        secondsEach,
      ),
      await measure(
        "P1b",
        "each a new episode that one rule of 1,000 observes",
        "new",
        ONE_OF_1000,
        startExpress,
        0.45,
        secondsEach,
      ),
      await measure("P1c", "each starts a run (queued)", "new", STARTS_RUN, startWebhook, 0.8, secondsEach),
    ];
  },
};

async function measure(
  id: string,
  what: string,
  mode: "repeat" | "new",
  rules: string,
  startReference: () => Promise<Program | null>,
  goal: number,
  seconds: number,
): Promise<BenchResult> {
  const folder = mkdtempSync(join(tmpdir(), "nightshift-bench-"));
  const reference = await startReference();
  try {
    const ours = await startNightshift(folder, rules);
    try {
      const rates = await alternate(ours, reference, mode, seconds);
      const measured = median(rates.ours.map((report) => report.accepted / report.seconds));
      const referenceRate =
        reference === null ? null : median(rates.reference.map((report) => report.accepted / report.seconds));
      const ratio = referenceRate === null ? null : measured / referenceRate;
      const refused = rates.ours.reduce((sum, report) => sum + report.refused, 0);
      const p99Ms = median(rates.ours.map((report) => report.p99Ms));
      const note = `p99 ${p99Ms.toFixed(1)} ms${refused > 0 ? `, ${refused} refused` : ""}`;
      return {
        id,
        what,
        unit: "/s",
        measured,
        reference: referenceRate,
        ratio,
        goal: `>= ${goal}`,
        isOk: ratio !== null && ratio >= goal && refused === 0,
        note,
      };
    } finally {
      await ours.stop();
    }
  } finally {
    await reference?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Round by round, so that a slow moment of the machine hits both. The first round of each is not counted. */
async function alternate(
  ours: Program,
  reference: Program | null,
  mode: string,
  seconds: number,
): Promise<{ ours: LoadReport[]; reference: LoadReport[] }> {
  const reports = { ours: [] as LoadReport[], reference: [] as LoadReport[] };
  for (let round = 0; round <= ROUNDS; round += 1) {
    const referenceReport = reference === null ? null : await load(reference, mode, seconds);
    const ourReport = await load(ours, mode, seconds);
    if (round === 0) continue;
    reports.ours.push(ourReport);
    if (referenceReport !== null) reports.reference.push(referenceReport);
  }
  return reports;
}

async function load(program: Program, mode: string, seconds: number): Promise<LoadReport> {
  const text = await output([
    process.execPath,
    join(here, "load.ts"),
    program.url,
    mode,
    String(CONNECTIONS),
    String(seconds),
  ]);
  await program.settle();
  return JSON.parse(text) as LoadReport;
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1] ?? Number.NaN;
}

const CATCH_ALL = "rules:\n  - {name: catch-all, mode: observe, matchers: []}\n";
const ONE_OF_1000 = `rules:\n${Array.from({ length: 1_000 }, (_, index) => `  - {name: rule-${index}, mode: observe, matchers: ['alertname = "${index === 500 ? "HighRequestLatency" : `Alert${index}`}"', 'severity = "critical"']}`).join("\n")}\n`;
const STARTS_RUN = `rules:
  - name: start
    mode: auto
    matchers: ['alertname = "HighRequestLatency"', 'instance != ""']
    runbook: nothing
    with: {instance: "\${{ alert.labels.instance }}"}
`;
const RUNBOOK = `name: nothing
inputs: {instance: {type: string}}
steps: [{id: nothing, command: ["true"], target: local}]
`;
/** Nothing is executed: what is measured is the way to the queue. */
const SETTINGS = `
notifiers: [{name: log, log: {}}]
notify: [{to: log, events: [failed]}]
limits: {max_runs: 0, queue: 100000000}
`;

async function startNightshift(folder: string, rules: string): Promise<Program> {
  for (const name of ["rules", "runbooks"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "nightshift.yml"), SETTINGS);
  writeFileSync(join(folder, "hosts.yml"), "hosts: []\n");
  writeFileSync(join(folder, "rules/rules.yml"), rules);
  writeFileSync(join(folder, "runbooks/nothing.yml"), RUNBOOK);
  const port = await freePort();
  const flags = [
    "--config.file",
    join(folder, "nightshift.yml"),
    "--storage.path",
    join(folder, "data"),
    "--web.listen-address",
    `127.0.0.1:${port}`,
    "--log.level",
    "error",
  ];
  const program = await startProgram(
    [process.execPath, join(here, "../src/main.ts"), "serve", ...flags],
    `http://127.0.0.1:${port}`,
    "/-/ready",
  );
  return { ...program, url: `${program.url}/webhooks/alertmanager` };
}

async function startExpress(): Promise<Program> {
  const port = await freePort();
  const program = await startProgram(
    [process.execPath, join(here, "express-nothing.ts"), String(port)],
    `http://127.0.0.1:${port}`,
    "/",
  );
  return { ...program, url: `${program.url}/webhooks/alertmanager` };
}

const WEBHOOK = "/usr/bin/webhook";

/** adnanh/webhook, which starts `/bin/true` for each request and waits for nothing. */
async function startWebhook(): Promise<Program | null> {
  if (!existsSync(WEBHOOK)) return null;
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "nightshift-bench-webhook-"));
  const hooks = join(folder, "hooks.json");
  writeFileSync(hooks, JSON.stringify([{ id: "alertmanager", "execute-command": "/bin/true" }]));
  const program = await startProgram(
    [WEBHOOK, "-hooks", hooks, "-ip", "127.0.0.1", "-port", String(port)],
    `http://127.0.0.1:${port}`,
    "/",
  );
  return {
    ...program,
    url: `${program.url}/hooks/alertmanager`,
    async stop() {
      await program.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
