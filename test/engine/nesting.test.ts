// Steps made of other steps: rolling through items, and calling other runbooks.
import { expect, test } from "vitest";
import { readRun } from "../support/alerts.ts";
import { startService } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";
import {
  notesOf,
  openGate,
  post,
  runEnded,
  runsOf,
  type Scenario,
  startScenario,
  stepsOf,
  waitAt,
} from "./engine-fixture.ts";

const RULE = `
rules:
  - name: act
    mode: auto
    matchers: ['alertname = "Slow"']
    runbook: act
`;
const SLOW = { labels: { alertname: "Slow" }, startsAt: "2026-01-01T00:00:00Z" };

const roll = (keys: string, script: string, more = "") => `
name: act
target: local
inputs:
  parts: {type: multi_choice, options: [a, b, c, d, e, f], default: [a, b, c, d, e, f]}
steps:
  - id: roll
    for_each:
      in: inputs.parts
      as: part
      ${keys}
      steps:
        - id: change
          env: {PART: "\${{ part }}"}
          run: |
            ${script}
          outputs: {word: stdout.trim()}
      on_failure:
        - {id: note, env: {PART: "\${{ part }}"}, run: 'echo "failed $PART" >> FOLDER/notes'}
      finally:
        - {id: last, env: {PART: "\${{ part }}"}, run: 'echo "last $PART" >> FOLDER/notes'}
${more}
`;

async function acted(runbook: string, others: Readonly<Record<string, string>> = {}) {
  const scenario = await startScenario({ "rules/act.yml": RULE, "runbooks/act.yml": runbook, ...others });
  await post(scenario, SLOW);
  return scenario;
}

const changes = (scenario: Scenario) => notesOf(scenario).filter((note) => note.startsWith("change"));

test("goes through the items in order, and shows each in its own rows", async () => {
  const scenario = await acted(
    roll(
      "max_parallel: 1",
      'echo "change $PART" >> FOLDER/notes; echo "done $PART"',
      `
  - id: after
    command: [echo, "\${{ steps.roll.items.map(i, i.item + '=' + i.status).join(',') }}"]
    outputs: {words: stdout.trim()}
summary: "\${{ steps.roll.status }}, then \${{ steps.after.?outputs.words.orValue('') }}"`,
    ),
  );
  const run = await runEnded(scenario);
  expect(run).toMatchObject({
    status: "succeeded",
    summary: "succeeded, then a=succeeded,b=succeeded,c=succeeded,d=succeeded,e=succeeded,f=succeeded",
  });
  expect(notesOf(scenario)).toEqual(
    ["a", "b", "c", "d", "e", "f"].flatMap((part) => [`change ${part}`, `last ${part}`]),
  );
  expect(stepsOf(run)).toMatchObject({
    roll: "succeeded",
    "roll/a/change": "succeeded",
    "roll/a/note": "skipped",
    "roll/f/last": "succeeded",
    after: "succeeded",
  });
});

test("each item is what its input holds: the row of a file, or a text that is also the name of a host", async () => {
  const scenario = await acted(
    `
name: act
target: local
inputs:
  databases: {type: multi_choice, options_from: {file: ../data/databases.csv, value: name}, default: [orders, users]}
  words: {type: multi_choice, options: [web, item-3, "two words"], default: [web, item-3, "two words"]}
  host: {type: host, default: web}
steps:
  - id: rows
    for_each:
      in: inputs.databases
      as: database
      steps:
        - env: {ROW: "\${{ database.value }} in \${{ database.row.region }}"}
          run: echo "$ROW" >> FOLDER/notes
  - id: words
    for_each:
      in: inputs.words
      as: word
      steps: [{id: say, env: {WORD: "\${{ word }}"}, run: 'echo "$WORD" >> FOLDER/notes'}]
summary: "\${{ steps.rows.?items.orValue([]).map(i, i.item).join(',') }}"
`,
    {
      "hosts.yml": "hosts: [{name: web, address: 10.0.0.1}]\n",
      "data/databases.csv": "name,region\norders,eu\nusers,us\n",
    },
  );
  const run = await runEnded(scenario);
  expect(notesOf(scenario)).toEqual(["orders in eu", "users in us", "web", "item-3", "two words"]);
  expect(run).toMatchObject({ status: "succeeded", summary: "orders,users" });
  expect(stepsOf(run)).toMatchObject({
    "words/web/say": "succeeded",
    "words/item-2/say": "succeeded",
    "words/item-3/say": "succeeded",
  });
});

test("of what items give later steps see as much as fits into memory, and all of their outputs", async () => {
  const scenario = await acted(
    roll(
      "max_parallel: 3",
      'python3 -c "import json; print(json.dumps([12345678] * 6500))"',
      `
  - id: after
    if: steps.roll.items[0].steps.change.json.size() == 6500 && !("json" in steps.roll.items[79].steps.change)
    env: {SIZE: "\${{ steps.roll.items[79].outputs.word }}"}
    run: 'echo "$SIZE" >> FOLDER/notes'`,
    )
      .replaceAll(
        "[a, b, c, d, e, f]",
        `[${Array.from({ length: 80 }, (_, index) => `p${index}`).join(", ")}]`,
      )
      .replace("stdout.trim()", "json.size()"),
  );
  expect((await runEnded(scenario, 60_000)).status).toBe("succeeded");
  expect(notesOf(scenario).at(-1)).toBe("6500");
});

test("stops after max_failures: what was not begun is untouched, and the rest of the run does not follow", async () => {
  const scenario = await acted(
    roll(
      "max_failures: 1",
      'echo "change $PART" >> FOLDER/notes; [ "$PART" != c ]',
      '  - {id: after, command: ["true"]}',
    ),
  );
  const run = await runEnded(scenario);
  expect(run).toMatchObject({ status: "failed", failed_step: "roll" });
  expect(run.message).toBe("1 of 6 failed (c); 3 were not begun");
  expect(notesOf(scenario)).toEqual([
    "change a",
    "last a",
    "change b",
    "last b",
    "change c",
    "failed c",
    "last c",
  ]);
  expect(stepsOf(run)).toMatchObject({
    "roll/c/change": "failed",
    "roll/d/change": "skipped",
    after: "skipped",
  });
});

test("fewer failures than max_failures do not fail the step", async () => {
  const scenario = await acted(
    roll("max_failures: 3", 'echo "change $PART" >> FOLDER/notes; [ "$PART" != c ]'),
  );
  expect(await runEnded(scenario)).toMatchObject({ status: "succeeded" });
  expect(changes(scenario)).toHaveLength(6);
});

test("max_parallel items at a time, and no more", async () => {
  const scenario = await acted(
    roll("max_parallel: 50%", `echo "change $PART" >> FOLDER/notes; ${waitAt("gate")}`),
  );
  await waitFor("three at the gate", () => changes(scenario).length === 3);
  openGate(scenario, "gate");
  await runEnded(scenario);
  expect(changes(scenario).toSorted()).toEqual(
    ["a", "b", "c", "d", "e", "f"].map((part) => `change ${part}`),
  );
});

test("cancelled in the middle: no further item, and what follows the item in any case runs", async () => {
  const scenario = await acted(
    roll("max_parallel: 1", `echo "change $PART" >> FOLDER/notes; ${waitAt("gate")}`),
  );
  await waitFor("the first at the gate", () => changes(scenario).length === 1);
  const [run] = await runsOf(scenario);
  await fetch(`${scenario.app.url}/api/v1/runs/${run?.id ?? ""}/cancel`, { method: "POST" });
  expect(await runEnded(scenario)).toMatchObject({ status: "cancelled" });
  expect(notesOf(scenario)).toEqual(["change a", "last a"]);
});

test("stopped and started again in the middle: goes on, and no change is made twice", async () => {
  const scenario = await acted(roll("max_parallel: 2", 'echo "change $PART" >> FOLDER/notes; sleep 0.3'));
  await waitFor("two to begin", () => changes(scenario).length >= 2);
  await scenario.app.stop();
  scenario.app = await startService(scenario.at);
  expect(await runEnded(scenario)).toMatchObject({ status: "succeeded" });
  expect(changes(scenario).toSorted()).toEqual(
    ["a", "b", "c", "d", "e", "f"].map((part) => `change ${part}`),
  );
});

const CHILD = `
name: child
target: local
inputs: {word: {type: string}}
steps:
  - {id: say, command: [echo, "\${{ inputs.word }}"], outputs: {said: stdout.trim()}}
  - {id: broken, if: inputs.word == "broken", command: ["false"]}
on_failure: [{id: sorry, run: 'echo sorry >> FOLDER/notes'}]
finally: [{id: tidy, run: 'echo tidy >> FOLDER/notes'}]
result: {said: "\${{ steps.say.outputs.said }}", number: 7}
`;
const call = (word: string) => `
name: act
target: local
inputs: {word: {type: string, default: ${word}}}
steps:
  - {id: sub, runbook: {name: child, with: {word: "\${{ inputs.word }} !"}}}
  - {id: after, command: [echo, "\${{ steps.sub.result.said }} \${{ steps.sub.result.number }}"], outputs: {all: stdout.trim()}}
result: {all: "\${{ steps.after.outputs.all }}"}
`;

test("a called runbook runs inside of the run, and its result comes back", async () => {
  const scenario = await acted(call("hello"), { "runbooks/child.yml": CHILD.replaceAll("FOLDER", "FOLDER") });
  const ended = await runEnded(scenario);
  const run = (await readRun(scenario.app.url, ended.id)) as typeof ended & { result: unknown };
  expect(run).toMatchObject({ status: "succeeded", result: { all: "hello ! 7" } });
  expect(stepsOf(run)).toMatchObject({
    sub: "succeeded",
    "sub/say": "succeeded",
    "sub/broken": "skipped",
    "sub/sorry": "skipped",
    "sub/tidy": "succeeded",
  });
});

test("a called runbook that fails cleans up after itself, and fails the step", async () => {
  const scenario = await acted(call("hello").replace('"${{ inputs.word }} !"', "broken"), {
    "runbooks/child.yml": CHILD,
  });
  const run = await runEnded(scenario);
  expect(run).toMatchObject({ status: "failed", failed_step: "sub" });
  expect(run.message).toContain("sub/broken failed");
  expect(notesOf(scenario)).toEqual(["sorry", "tidy"]);
});
