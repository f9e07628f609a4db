// Lines, search and download of a step's log over HTTP, while it runs and afterwards.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { waitFor } from "../support/wait.ts";
import { call, type Service } from "./controls-fixture.ts";
import { idOf, runOver, startRun, startStarts } from "./starts-fixture.ts";

const COUNTS = `
name: counts
target: local
inputs: {gate: {type: string}}
steps:
  - id: count
    effect: read
    env: {GATE: "\${{ inputs.gate }}"}
    run: |
      seq -f 'line %g of it' 1 2000; while [ ! -e "$GATE" ]; do sleep 0.02; done; printf 'the Last one'
`;
const FAILS_ONCE = `
name: fails-once
target: local
inputs: {gate: {type: string}}
steps:
  - id: count
    effect: read
    retries: 1
    delay: 10ms
    env: {GATE: "\${{ inputs.gate }}"}
    run: |
      [ -e "$GATE" ] && { echo second; exit 0; }
      touch "$GATE"; echo first; exit 1
`;

const get = async (service: Service, id: string, path: string) =>
  (await call(service, "GET", `/runs/${id}/steps/count/log${path}`)).json;

const raw = (service: Service, id: string, query = "", headers: Record<string, string> = {}) =>
  fetch(`${service.app.url}/api/v1/runs/${id}/steps/count/log/raw${query}`, { headers });

async function runUnderWay() {
  const service = await startStarts({ "runbooks/counts.yml": COUNTS });
  const gate = join(service.at.folder, "gate");
  const id = idOf(await startRun(service, "counts", { inputs: { gate } }));
  // Lines are counted as they are printed, and can be read a moment later.
  await waitFor(
    "all lines",
    async () => (await get(service, id, "?line=2000"))["content"] === "line 2000 of it\n",
  );
  return { service, id, open: () => writeFileSync(gate, "") };
}

test("lines are numbered, searched and downloaded while a step runs, and are the same afterwards", async () => {
  const { service, id, open } = await runUnderWay();
  const look = async () => ({
    part: await get(service, id, "?line=1500&limit=18"),
    found: await get(service, id, "/search?q=LINE%20150&limit=3"),
    next: await get(service, id, "/search?q=line&line=1998&from=1999"),
    download: (await (await raw(service, id)).text()).split("\n").slice(0, 2_000).join("\n"),
  });
  const running = await look();
  expect(running.part).toMatchObject({ first_line: 1_500, content: "line 1500 of it\nli", complete: false });
  expect(running.found).toMatchObject({ total: 11, complete: false });
  expect((running.found["matches"] as { line: number }[]).map(({ line }) => line)).toEqual([
    150, 1_500, 1_501,
  ]);
  expect((running.next["matches"] as { number: number }[]).map(({ number }) => number)).toEqual([
    1_999, 2_000,
  ]);
  const growing = await raw(service, id);
  expect([growing.status, growing.headers.get("etag"), growing.headers.get("cache-control")]).toEqual([
    200,
    null,
    "no-store",
  ]);

  open();
  await runOver(service, id);
  const over = await look();
  expect(over.part).toMatchObject({
    first_line: 1_500,
    total_lines: 2_001,
    complete: true,
    content: running.part["content"],
  });
  expect(over.found).toEqual({ ...running.found, complete: true });
  expect(over.next).toEqual({ ...running.next, complete: true });
  expect(over.download).toBe(running.download);
  expect(await get(service, id, "/search?q=last&case_sensitive=true")).toMatchObject({
    total: 0,
    matches: [],
  });
  expect(await get(service, id, "?line=9999")).toMatchObject({ content: "", first_line: 2_001 });
});

test("a stored log is a file with ranges, a name and a tag, and its stderr is an empty one", async () => {
  const { service, id, open } = await runUnderWay();
  open();
  await runOver(service, id);
  const whole = await raw(service, id);
  expect(whole.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  expect(whole.headers.get("content-disposition")).toContain('attachment; filename="01-count.stdout.log"');
  expect((await whole.text()).endsWith("line 2000 of it\nthe Last one")).toBe(true);
  const part = await raw(service, id, "", { range: "bytes=-8", "if-range": whole.headers.get("etag") ?? "" });
  expect([part.status, await part.text()]).toEqual([206, "Last one"]);
  const empty = await raw(service, id, "?stream=stderr");
  expect([empty.status, await empty.text()]).toEqual([200, ""]);
});

test("each attempt has a log of its own; the newest is shown when none is named", async () => {
  const service = await startStarts({ "runbooks/fails-once.yml": FAILS_ONCE });
  const gate = join(service.at.folder, "gate");
  const id = idOf(await startRun(service, "fails-once", { inputs: { gate } }));
  await runOver(service, id);
  expect(await get(service, id, "?attempt=1")).toMatchObject({
    attempt: 1,
    content: "first\n",
    complete: true,
  });
  expect(await get(service, id, "")).toMatchObject({ attempt: 2, content: "second\n" });
  expect(await get(service, id, "/search?q=first&attempt=1")).toMatchObject({ total: 1, attempt: 1 });
  expect(await (await raw(service, id, "?attempt=1")).text()).toBe("first\n");
  expect((await call(service, "GET", `/runs/${id}/steps/count/log?attempt=3`)).status).toBe(404);
});

test("what makes no sense is refused and named", async () => {
  const { service, id, open } = await runUnderWay();
  open();
  await runOver(service, id);
  for (const [path, parameter] of [
    ["?line=1&offset=0", "line"],
    ["?line=0", "line"],
    ["/search", "q"],
    ["/search?q=", "q"],
    ["/search?q=a%0Ab", "q"],
    [`/search?q=${"x".repeat(301)}`, "q"],
    ["/search?q=a&from=0", "from"],
    ["/stream?line=3", "line"],
    ["/raw?offset=3", "offset"],
  ] as const) {
    const { status, json } = await call(service, "GET", `/runs/${id}/steps/count/log${path}`);
    expect([path, status, json["errors"]]).toMatchObject([path, 400, [{ pointer: `/${parameter}` }]]);
  }
});
