// Secrets and files that a run is given: steps get them, the database and the bundle never have them in clear, and they go with the run.
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { keepContents, sealerOf } from "../../src/engine/run-inputs.ts";
import { Inventory } from "../../src/hosts/inventory.ts";
import { sha256 } from "../../src/platform/digest.ts";
import { createInputKey, type InputKey, readInputKey } from "../../src/platform/input-key.ts";
import { compileRunbook } from "../../src/runbooks/load.ts";
import { makePlan } from "../../src/runbooks/plan.ts";
import { insertRunInputs } from "../../src/store/run-inputs.ts";
import type { Tx } from "../../src/store/store.ts";
import { startService } from "../support/service.ts";
import { insertRuns, putRunbookText } from "../../src/store/new-runs.ts";
import { isOver, type RunJson, readRun } from "../support/alerts.ts";
import { waitFor } from "../support/wait.ts";
import { newRun } from "../store/rows.ts";
import {
  notesOf,
  openGate,
  type Scenario,
  settings,
  startScenario,
  stepsOf,
  waitAt,
} from "./engine-fixture.ts";

/** The key of the service under test, for what is kept wrongly on purpose. */
const kept: { inputKey?: InputKey } = {};

const SECRET = "correct horse battery staple";
const CONTENT = "-----BEGIN CERTIFICATE-----\nabc\u0000\n";

/** A queued run, as a person's start makes one. `keep` stores what the plan does not hold. */
async function startRun(
  { app, at }: Scenario,
  inputs: Record<string, unknown>,
  keep = (tx: Tx, id: string, contents: ReadonlyMap<string, Uint8Array>) =>
    keepContents(tx, { inputKey: readInputKey(at.storagePath) }, id, contents),
): Promise<string> {
  const runbook = compileRunbook(readFileSync(join(at.folder, "runbooks/act.yml"), "utf8"), "act.yml");
  const sealSecret = sealerOf(readInputKey(at.storagePath), runbook.name);
  const sources = { inventory: new Inventory([]), runbooks: new Map(), sealSecret };
  const planning = makePlan(runbook, inputs, sources);
  if (!planning.ok) throw new Error(JSON.stringify(planning.errors));
  const run = newRun({
    runbook: runbook.name,
    runbookDigest: runbook.digest,
    plan: planning.plan,
    planDigest: planning.digest,
    trigger: { kind: "person", rule: null, episodeId: null, principal: "user:test" },
    groupKey: null,
    createdAtMs: await app.store.nowMs(app.store.reader),
  });
  await app.store.transaction(async (tx) => {
    await putRunbookText(tx, runbook);
    await insertRuns(tx, app.store.dialect, [run]);
    await keep(tx, run.id, planning.contents);
  });
  return run.id;
}

async function ended({ app }: Scenario, id: string): Promise<RunJson> {
  return waitFor("the end of the run", async () => {
    const run = await readRun(app.url, id);
    return isOver(run) ? run : null;
  });
}

function inputRows({ app }: Scenario): Promise<{ readonly name: string }[]> {
  return app.store.reader.selectFrom("run_input").select("name").orderBy("name").execute();
}

/** Every file of the data folder, as one text. */
function storedBytes({ at }: Scenario, ...names: string[]): string {
  return names
    .map((name) => join(at.storagePath, name))
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, "latin1"))
    .join("\n");
}

const RUNBOOK = `name: act
target: local
inputs:
  token: {type: secret}
  cert: {type: file}
steps:
  - id: use
    effect: read
    env: {TOKEN: "\${{ inputs.token }}", CERT: "\${{ inputs.cert.path }}", SUM: "\${{ inputs.cert.sha256 }}"}
    run: |
      printf '%s' "$TOKEN" | sha256sum | grep -q "^${sha256(SECRET)}" && echo right >> FOLDER/notes
      sha256sum < "$CERT" | grep -q "^$SUM" && stat -c '%a %s' "$CERT" >> FOLDER/notes
      printf '%s\\n' "$CERT" >> FOLDER/notes
      ${waitAt("gate")}
`;
const INPUTS = { token: SECRET, cert: { name: "web.pem", base64: Buffer.from(CONTENT).toString("base64") } };

describe("a run with a secret and a file", () => {
  test("hands them to its steps; the database holds neither in clear, and nothing of them once it ended", async () => {
    const scenario = await startScenario({ "runbooks/act.yml": RUNBOOK });
    const id = await startRun(scenario, INPUTS);
    await waitFor("the step", () => Promise.resolve(notesOf(scenario).length === 3 ? true : null));
    const [token, cert, path = ""] = notesOf(scenario);
    expect([token, cert]).toEqual(["right", `600 ${CONTENT.length}`]);
    expect(path).toBe(join(scenario.at.storagePath, "work", id, "inputs", "cert"));
    expect((await inputRows(scenario)).map(({ name }) => name)).toEqual(["cert", "token"]);
    const database = ["nightshift.db", "nightshift.db-wal"];
    // Negative control: what is in the plan is found in these files.
    expect(storedBytes(scenario, ...database)).toContain("web.pem");
    expect(storedBytes(scenario, ...database)).not.toContain(SECRET);
    expect(storedBytes(scenario, ...database)).not.toContain("BEGIN CERTIFICATE");

    openGate(scenario, "gate");
    const run = await ended(scenario, id);
    expect([run.status, stepsOf(run)]).toEqual(["succeeded", { use: "succeeded" }]);
    expect(await inputRows(scenario)).toEqual([]);
    expect(existsSync(path)).toBe(false);
    expect(JSON.stringify(run)).not.toContain(SECRET);
    expect(run.inputs).toMatchObject({
      token: expect.stringMatching(/^hmac-sha256:[0-9a-f]{64}$/),
      cert: { name: "web.pem", size: CONTENT.length },
    });
  });

  test("has them again after a restart", async () => {
    const files = { "nightshift.yml": settings("limits: {shutdown_grace: 1s}"), "runbooks/act.yml": RUNBOOK };
    const scenario = await startScenario(files);
    const id = await startRun(scenario, INPUTS);
    await waitFor("the step", () => Promise.resolve(notesOf(scenario).length === 3 ? true : null));
    await scenario.app.stop();
    scenario.app = await startService(scenario.at);
    // The step only reads, so it is tried again.
    await waitFor("the step again", () => Promise.resolve(notesOf(scenario).length === 6 ? true : null));
    openGate(scenario, "gate");
    expect((await ended(scenario, id)).status).toBe("succeeded");
    expect(notesOf(scenario).slice(3, 5)).toEqual(["right", `600 ${CONTENT.length}`]);
  });

  test.each<[string, string, Parameters<typeof startRun>[2]]>([
    [
      "nothing of them is kept",
      "is no longer kept; start the runbook again with it",
      () => Promise.resolve(),
    ],
    [
      "they were kept with another key",
      "it was sealed with another key, or was changed since",
      (tx, id, contents) => keepContents(tx, { inputKey: createInputKey(Buffer.from("x")) }, id, contents),
    ],
    [
      "they were those of another run",
      "it was sealed with another key, or was changed since",
      async (tx, id, contents) => {
        // Sealed with the right key, for another place.
        const { inputKey } = kept;
        if (inputKey === undefined) throw new Error("the test has no key");
        const inputs = [...contents].map(([name, content]) => ({
          name,
          sealed: inputKey.encrypt(`another/${name}`, content),
        }));
        await insertRunInputs(tx, id, inputs);
      },
    ],
  ])("fails before its first step, and says why, when %s", async (_, message, keep) => {
    const scenario = await startScenario({ "runbooks/act.yml": RUNBOOK });
    kept.inputKey = readInputKey(scenario.at.storagePath);
    const run = await ended(scenario, await startRun(scenario, INPUTS, keep));
    expect(run.status).toBe("failed");
    expect(run.message).toContain(message);
    expect(notesOf(scenario)).toEqual([]);
    expect(await inputRows(scenario)).toEqual([]);
  });
});

describe("the key", () => {
  test("is made at the first start, readable by the service alone, and kept", async () => {
    const scenario = await startScenario({});
    const file = join(scenario.at.storagePath, "input-key");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const place = "act/token";
    const before = readInputKey(scenario.at.storagePath).fingerprint(place, SECRET);
    expect(readInputKey(scenario.at.storagePath).fingerprint(place, SECRET)).toBe(before);
    expect(readInputKey(scenario.at.storagePath).fingerprint("act/other", SECRET)).not.toBe(before);
    rmSync(file);
    expect(readInputKey(scenario.at.storagePath).fingerprint(place, SECRET)).not.toBe(before);
  });
});
