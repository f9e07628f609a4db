// Passwords of hosts.yml are taken out before anybody has connected to the hosts they are for.
import { expect, test } from "vitest";
import {
  post,
  runEnded,
  runsEnded,
  type Scenario,
  settings,
  startScenario,
} from "../engine/engine-fixture.ts";
import { waitFor } from "../support/wait.ts";

const SLOW = { labels: { alertname: "Slow" }, startsAt: "2026-01-01T00:00:00Z" };
const PASSWORD = ["kr4n", "ich-Zug", "voegel"].join("");
const PASSPHRASE = ["sieben", "9Zwerge", "imWald"].join("");

const hosts = (more = "") => `
defaults: {key: {file: FOLDER/key}, known_hosts: FOLDER/known_hosts}
hosts:
  - {name: web-1, address: 10.0.0.11, password: {file: FOLDER/password}}
${more}
`;

function scenario(): Promise<Scenario> {
  return startScenario({
    "nightshift.yml": settings(""),
    "hosts.yml": hosts(),
    password: `${PASSWORD}\n`,
    passphrase: `${PASSPHRASE}\n`,
    "rules/all.yml": `rules: [{name: act, mode: auto, matchers: ['alertname =~ "Slow|Slower"'], runbook: act}]`,
    "runbooks/act.yml": `
name: act
steps: [{id: says, target: local, run: 'cat FOLDER/password FOLDER/passphrase', outputs: {said: stdout}}]
`,
  });
}

test("from the start on, and after each change of the inventory", async () => {
  const at = await scenario();
  await post(at, SLOW);
  const first = await runEnded(at);
  expect(first.steps[0]?.outputs).toEqual({ said: `[redacted:ssh]\n${PASSPHRASE}\n` });
  const more = `  - {name: web-2, address: 10.0.0.12, passphrase: {command: [cat, FOLDER/passphrase]}}`;
  at.at.write({ "hosts.yml": hosts(more).replaceAll("FOLDER", at.at.folder) });
  // Nobody asks for a reload: the changed file is seen.
  await waitFor("the new host", async () => {
    const list = (await (await fetch(`${at.app.url}/api/v1/hosts`)).json()) as { items: { name: string }[] };
    return list.items.some(({ name }) => name === "web-2");
  });
  await post(at, { ...SLOW, labels: { alertname: "Slower" } });
  const [, second] = await runsEnded(at, 2);
  const run = (await (await fetch(`${at.app.url}/api/v1/runs/${second?.id}`)).json()) as typeof first;
  expect(run.steps[0]?.outputs).toEqual({ said: "[redacted:ssh]\n[redacted:ssh]\n" });
});

test("one that cannot be read keeps nothing from starting", async () => {
  const at = await scenario();
  const more = `  - {name: web-2, address: 10.0.0.12, password: {file: absent}}`;
  at.at.write({ "hosts.yml": hosts(more).replaceAll("FOLDER", at.at.folder) });
  expect(await at.app.reload()).toEqual([]);
  await post(at, SLOW);
  expect(await runEnded(at)).toMatchObject({ status: "succeeded" });
});
