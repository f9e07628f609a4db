// A refusal that cannot change is not asked for again, whatever the step's retries say.
import { expect, test } from "vitest";
import { startServer } from "../outbound/http-server.ts";
import { post, runEnded, startScenario } from "../engine/engine-fixture.ts";

test("an address that may not be reached ends its step at once; one that does not answer yet is tried again", async () => {
  const waking = await startServer((response) =>
    response.writeHead(waking.seen.length < 3 ? 503 : 200).end(),
  );
  const scenario = await startScenario({
    "rules/act.yml": `
rules: [{name: act, mode: auto, matchers: ['alertname = "Slow"'], runbook: act}]
`,
    "runbooks/act.yml": `
name: act
http_hosts: [127.0.0.1]
steps:
  - {id: waking, http: {url: "${waking.url}"}, until: response.status == 200, retries: 20, delay: 10ms}
  - {id: refused, http: {url: "http://169.254.169.254/"}, until: response.status == 200, retries: 20, delay: 10ms, continue_on_error: true}
  - {id: unknown, http: {url: "http://elsewhere.example/", method: POST}, retries: 20, delay: 10ms, continue_on_error: true}
`,
  });
  await post(scenario, { labels: { alertname: "Slow" }, startsAt: "2026-01-01T00:00:00Z" });
  const run = await runEnded(scenario);
  const attempts = Object.fromEntries(run.steps.map((step) => [step.id, [step.status, step.attempts]]));
  expect(attempts).toEqual({ waking: ["succeeded", 3], refused: ["failed", 1], unknown: ["failed", 1] });
});
