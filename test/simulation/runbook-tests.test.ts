// Runbook tests run the executor's own loop: conditions, retries, outputs, waits and what follows; only the attempts are told.
import { join } from "node:path";
import { expect, test } from "vitest";
import { runTests } from "./tests-folder.ts";

const RESTART = `
name: restart
inputs:
  host: {type: host}
  limit: {type: integer, default: 4}
target: \${{ inputs.host }}
steps:
  - id: load
    effect: read
    command: [uptime]
    outputs: {load: double(stdout.trim())}
  - id: restart
    if: steps.load.outputs.load > double(inputs.limit)
    command: [systemctl, restart, web]
  - id: settle
    wait: 10m
  - id: healthy
    http: {url: "http://\${{ inputs.host.address }}:8080/healthz"}
    until: response.status == 200
    retries: 2
    delay: 30s
on_failure:
  - {id: rescue, command: [systemctl, start, web]}
finally:
  - {id: after, effect: read, command: [uptime]}
summary: "restart \${{ steps.restart.status }}"
`;
const HEAD = "settings: {runbooks: [runbooks/*.yml], hosts: [hosts.yml]}\ntests:\n";

async function failuresOf(tests: string, runbook = RESTART): Promise<string> {
  const { stdout } = await runTests({ "runbooks/restart.yml": runbook, "a.test.yml": `${HEAD}${tests}` });
  return stdout.replace(/^\d+ passed, 0 failed in \d+\.\d s\n$/, "");
}

test("conditions, outputs, waits, retries, finally and the summary", async () =>
  expect(
    await failuresOf(`
  - name: high load
    runbook: restart
    with: {host: web-1}
    mock:
      load: {stdout: "7.5\\n"}
      healthy: [{status: 503}, {status: failed}, {status: 200}]
    expect_steps: {load: succeeded, restart: succeeded, settle: succeeded, healthy: succeeded, rescue: skipped, after: succeeded}
    expect_status: succeeded
    expect_summary: restart succeeded
  - name: low load
    runbook: restart
    with: {host: web-1, limit: 10}
    mock: {load: {stdout: "7.5"}}
    expect_steps: {restart: skipped, healthy: succeeded}
    expect_summary: restart skipped
`),
  ).toBe(""));

test("what fails a run, and what runs then", async () =>
  expect(
    await failuresOf(`
  - name: never healthy
    runbook: restart
    with: {host: web-1}
    mock: {load: {stdout: "7.5"}, healthy: {status: 503}}
    expect_steps: {healthy: failed, rescue: succeeded, after: succeeded}
    expect_status: failed
  - name: an exit code
    runbook: restart
    with: {host: web-1}
    mock: {load: {stdout: "7.5"}, restart: {exit_code: 5}}
    expect_steps: {restart: failed, settle: skipped, rescue: succeeded}
    expect_status: failed
  - name: a change that was cut off
    runbook: restart
    with: {host: web-1}
    mock: {load: {stdout: "7.5"}, restart: {status: interrupted}}
    expect_steps: {restart: interrupted, rescue: succeeded}
    expect_status: interrupted
`),
  ).toBe(""));

test("values and JSON", async () =>
  expect(
    await failuresOf(
      `
  - name: both
    runbook: restart
    mock: {ask: {value: 0.4}, list: {json: {count: 3}}, print: {stdout: '{"count": 2}'}}
    expect_steps: {low: succeeded, many: succeeded, few: skipped}
`,
      `
name: restart
steps:
  - {id: ask, critical: true, prometheus: {query: up}}
  - {id: list, target: local, effect: read, command: [list]}
  - {id: print, target: local, effect: read, command: [list]}
  - {id: low, if: steps.ask.?value.orValue(1.0) < 0.5, wait: 1s}
  - {id: many, if: steps.list.json.count > 2, wait: 1s}
  - {id: few, if: steps.print.json.count > 2, wait: 1s}
`,
    ),
  ).toBe(""));

test("says which steps went another way, and why", async () =>
  expect(
    await failuresOf(`
  - name: all wrong
    runbook: restart
    with: {host: web-1}
    expect_steps: {load: succeeded, after: succeeded}
    expect_status: succeeded
    expect_summary: fine
`),
  ).toMatch(new RegExp(ALL_WRONG, "u")));

const ALL_WRONG = String.raw`^FAIL FOLDER/a\.test\.yml:4: all wrong
  FOLDER/a\.test\.yml:4: steps \(- expected, \+ got\)
    - load: succeeded
    \+ load: failed {2}# outputs\.load: .+
      after: succeeded
  FOLDER/a\.test\.yml:4: status \(- expected, \+ got\)
    - succeeded
    \+ failed {2}# outputs\.load: .+
  FOLDER/a\.test\.yml:4: summary \(- expected, \+ got\)
    - fine
    \+ restart \w+

0 passed, 1 failed in \d+\.\d s
$`;

test("inputs that do not fit are a failure of the test", async () =>
  expect(
    await failuresOf("\n  - {name: no host, runbook: restart, with: {host: db-9}, expect_status: failed}\n"),
  ).toContain("the plan (- expected, + got)\n    + /host: "));

test("the shipped runbooks have tests that pass", async () => {
  const folder = join(import.meta.dirname, "../../rules");
  const { stdout } = await runTests({}, { files: [join(folder, "10-web-latency.test.yml")] });
  expect(stdout).toMatch(/^\d+ passed, 0 failed/);
});

test("inputs of every kind, with secrets and files as people give them", async () => {
  const runbook = `
name: restart
inputs:
  token: {type: secret}
  cert: {type: file}
  wait: {type: duration, default: 5m}
  at: {type: datetime, default: "2026-11-23T08:00:00+01:00"}
  servers: {type: hosts}
  zones: {type: multi_choice, options: [a, b]}
target: local
steps:
  - {id: use, effect: read, env: {T: "\${{ inputs.token }}", C: "\${{ inputs.cert.path }}"}, run: "true"}
  - id: typed
    if: >-
      inputs.wait > duration("4m") && inputs.at < timestamp("2026-11-23T07:00:01Z") && inputs.servers[0].name == "web-1"
      && inputs.zones == ["a", "b"] && inputs.cert.size == 5
    effect: read
    command: [echo, "\${{ inputs.wait }}", "\${{ inputs.at }}"]
`;
  const failures = await failuresOf(
    `
  - name: all of them
    runbook: restart
    with: {token: hunter2-hunter2, cert: {name: a.pem, base64: aGVsbG8=}, servers: [web-1], zones: [b, a]}
    mock: {use: {stdout: ok}, typed: {stdout: ok}}
    expect_steps: {use: succeeded, typed: succeeded}
`,
    runbook,
  );
  expect(failures).toBe("");
});

const ASKING = `
name: ask
steps:
  - {id: look, effect: read, command: [uptime], target: local}
  - {id: ok, approve: {count: 2, timeout: 1h}}
  - {id: act, command: [act], target: local, ask_on_failure: {timeout: 1h}}
  - {id: told, effect: read, command: [uptime], target: local}
on_failure:
  - {id: rescue, command: [rescue], target: local}
summary: "\${{ steps.?ok.?json.?approved_by.orValue([]).size() }} people"
`;
const asking = async (tests: string) => {
  const { stdout } = await runTests({ "runbooks/ask.yml": ASKING, "a.test.yml": `${HEAD}${tests}` });
  return stdout.replace(/^\d+ passed, 0 failed in \d+\.\d s\n$/, "");
};

test("people say yes unless a test says otherwise, and nobody answers after a failure", async () =>
  expect(
    await asking(`
  - name: approved by as many as are needed
    runbook: ask
    expect_steps: {ok: succeeded, act: succeeded, told: succeeded}
    expect_summary: 2 people
  - name: a no
    runbook: ask
    mock: {ok: {answer: reject}}
    expect_steps: {ok: rejected, act: skipped, rescue: succeeded}
    expect_status: rejected
  - name: nobody in time
    runbook: ask
    mock: {ok: {answer: none}}
    expect_steps: {ok: rejected}
    expect_status: rejected
  - name: tried again
    runbook: ask
    mock: {act: [{exit_code: 1, answer: retry}, {exit_code: 1, answer: retry}, {exit_code: 0}]}
    expect_steps: {act: succeeded, told: succeeded}
    expect_status: succeeded
  - name: skipped
    runbook: ask
    mock: {act: {exit_code: 1, answer: skip}}
    expect_steps: {act: skipped, told: succeeded}
    expect_status: succeeded
  - name: stopped
    runbook: ask
    mock: {act: {exit_code: 1, answer: stop}}
    expect_steps: {act: failed, told: skipped, rescue: succeeded}
    expect_status: failed
  - name: nobody answers
    runbook: ask
    mock: {act: {exit_code: 1}}
    expect_steps: {act: failed, rescue: succeeded}
    expect_status: failed
`),
  ).toBe(""));

test("an answer that nobody is asked for is an error", async () => {
  const { stdout } = await runTests({
    "runbooks/ask.yml": ASKING,
    "a.test.yml": `${HEAD}  - {name: wrong, runbook: ask, mock: {look: {answer: skip}, ok: {answer: retry}, act: {answer: approve}}}\n`,
  });
  expect(stdout).toContain('nobody is asked at step "look"');
  expect(stdout).toContain('step "ok" is answered with one of: approve, reject, none');
  expect(stdout).toContain('step "act" is answered with one of: retry, skip, stop, none');
});
