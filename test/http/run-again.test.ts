// What people do with a run that there is: start it once more, and write notes to it.
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { readRun } from "../support/alerts.ts";
import { waitFor } from "../support/wait.ts";
import { call, placesOf } from "./controls-fixture.ts";
import { idOf, runOver, startRun, startStarts } from "./starts-fixture.ts";

const RENEW = `
name: renew
target: local
inputs:
  zone: {type: string}
  grace: {type: duration, default: 90m}
  deep: {type: boolean, default: false}
  depth: {type: integer, default: 3, show_if: inputs.deep}
  token: {type: secret}
  cert: {type: file, required: false}
confirm: {type_value_of: zone}
steps: [{id: look, effect: read, env: {TOKEN: "\${{ inputs.token }}"}, command: ["true"]}]
`;
const CERT = { name: "web.pem", base64: Buffer.from("certificate").toString("base64") };
const INPUTS = { zone: "example.net", grace: "2h30m", token: "s3cret", cert: CERT };

describe("rerun", () => {
  test("is a new run with the stored inputs, by whoever asks", async () => {
    const service = await startStarts();
    const first = idOf(
      await startRun(service, "greet", { inputs: { host: "web-1", grace: "1h30m", count: 2 } }),
    );
    const again = await call(service, "POST", `/runs/${first}/rerun`, { reason: "once more" });
    expect(idOf(again)).not.toBe(first);
    const run = await runOver(service, idOf(again));
    const before = await runOver(service, first);
    expect(run.inputs).toEqual(before.inputs);
    expect(again.json).toMatchObject({
      plan_digest: (before as unknown as { plan_digest: string }).plan_digest,
      trigger: { kind: "person", principal: "user:local" },
      cause: { title: "once more" },
    });
    expect((await call(service, "POST", "/runs/nothing/rerun", {})).status).toBe(404);
  });

  test("needs what is never stored once more: secrets, and what is typed", async () => {
    const service = await startStarts({ "runbooks/renew.yml": RENEW });
    const first = idOf(await startRun(service, "renew", { inputs: INPUTS, confirm: "example.net" }));
    const before = await runOver(service, first);
    const rerun = (body: object) => call(service, "POST", `/runs/${first}/rerun`, body);
    expect(placesOf(await rerun({}))).toEqual(["/inputs/token required", "/inputs/cert required"]);
    const token = { token: "s3cret", cert: CERT };
    expect(placesOf(await rerun({ inputs: token }))).toEqual(["/confirm missing"]);
    const again = await rerun({ inputs: token, confirm: "example.net" });
    expect(await runOver(service, idOf(again))).toMatchObject({ status: "succeeded", inputs: before.inputs });
    const changed = await rerun({ inputs: { ...token, grace: "5m" }, confirm: "example.net" });
    expect(changed.json["inputs"]).toMatchObject({ zone: "example.net", grace: 300_000 });
  });
});

describe("rerun of a run that was given what it could do without", () => {
  test("does not leave it out in silence", async () => {
    const optional = RENEW.replace("{type: secret}", "{type: secret, required: false}").replace(
      "inputs.token ",
      "inputs.?token.orValue('none') ",
    );
    const service = await startStarts({ "runbooks/renew.yml": optional });
    const start = async (inputs: object) =>
      idOf(await startRun(service, "renew", { inputs, confirm: "example.net" }));
    const [withBoth, withNone] = [await start(INPUTS), await start({ zone: "example.net" })];
    const rerun = (id: string, inputs: object) =>
      call(service, "POST", `/runs/${id}/rerun`, { inputs, confirm: "example.net" });
    expect(placesOf(await rerun(withBoth, {}))).toEqual(["/inputs/token required", "/inputs/cert required"]);
    expect(placesOf(await rerun(withBoth, { token: "s3cret" }))).toEqual(["/inputs/cert required"]);
    expect((await rerun(withBoth, { token: "s3cret", cert: CERT })).status).toBe(202);
    expect((await rerun(withNone, {})).status).toBe(202);
  });
});

describe("notes", () => {
  test("are listed on the run, oldest first, without secrets, and make a revision of the bundle", async () => {
    const service = await startStarts();
    const id = idOf(await startRun(service, "greet", { inputs: { host: "web-1" } }));
    await runOver(service, id);
    const sealed = (revision: number) =>
      waitFor(`revision ${revision}`, async () => {
        const { bundle } = await readRun(service.app.url, id);
        return bundle?.revision === revision ? bundle : null;
      });
    const first = await sealed(1);
    const note = (text: string) => call(service, "POST", `/runs/${id}/notes`, { text });
    const added = await note("the disk was full\npassword=hunter2hunter2 was in the log");
    expect(added.status).toBe(201);
    expect(added.json).toMatchObject({
      by: "user:local",
      text: expect.stringMatching(/^the disk was full\n/),
    });
    expect(added.json["text"]).not.toContain("hunter2hunter2");
    await sealed(2);
    await Promise.all([note("second"), note("third")]);
    const last = await sealed(4);
    expect(last.sha256).not.toBe(first.sha256);
    const run = await call(service, "GET", `/runs/${id}`);
    const notes = run.json["notes"] as { text: string }[];
    expect(notes.map(({ text }) => text.split("\n")[0])).toEqual([
      "the disk was full",
      expect.stringMatching(/second|third/),
      expect.stringMatching(/second|third/),
    ]);
    const bundle = await fetch(`${service.app.url}/api/v1/runs/${id}/bundle.tar.gz`);
    const text = gunzipSync(Buffer.from(await bundle.arrayBuffer())).toString("utf8");
    // In the summary, in run.json and in audit.jsonl.
    expect(text.match(/the disk was full/g)).toHaveLength(3);
    expect(text).toContain('"action":"run.noted"');
  });

  test("are refused where there is nothing to say, or nothing to say it of", async () => {
    const service = await startStarts();
    const id = idOf(await startRun(service, "greet", { inputs: { host: "web-1" } }));
    expect(placesOf(await call(service, "POST", `/runs/${id}/notes`, { text: " \n" }))).toEqual([
      "/text too_small",
    ]);
    expect((await call(service, "POST", "/runs/nothing/notes", { text: "x" })).status).toBe(404);
  });
});
