// What a step prints, while it runs and afterwards: the same bytes at the same offsets.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { waitFor } from "../support/wait.ts";
import { call, type Service } from "./controls-fixture.ts";
import { idOf, runOver, startRun, startStarts } from "./starts-fixture.ts";

const TALKS = `
name: talks
target: local
inputs: {gate: {type: string}}
steps:
  - id: talk
    effect: read
    env: {GATE: "\${{ inputs.gate }}"}
    run: |
      echo "grüße, password=hunter2hunter2"; while [ ! -e "$GATE" ]; do sleep 0.02; done; echo "the end"
`;

interface Part {
  readonly offset: number;
  readonly next_offset: number;
  readonly total_bytes: number | null;
  readonly complete: boolean;
  readonly content?: string;
}

async function readLog(service: Service, id: string, query: string): Promise<Part> {
  return (await call(service, "GET", `/runs/${id}/steps/talk/log${query}`)).json as unknown as Part;
}

test("a log is read while the step runs, and goes on where it was left", async () => {
  const service = await startStarts({ "runbooks/talks.yml": TALKS });
  const gate = join(service.at.folder, "gate");
  const id = idOf(await startRun(service, "talks", { inputs: { gate } }));
  const first = await waitFor("the first line", async () => {
    const part = await readLog(service, id, "");
    return part.content?.includes("\n") ? part : null;
  });
  expect(first.complete).toBe(false);
  expect(first.content).toMatch(/^grüße, /);
  expect(first.content).not.toContain("hunter2hunter2");
  writeFileSync(gate, "");
  await runOver(service, id);
  const rest = await readLog(service, id, `?offset=${first.next_offset}`);
  expect(rest).toMatchObject({ offset: first.next_offset, complete: true, content: "the end\n" });
  expect(rest.next_offset).toBe(rest.total_bytes);
  const whole = await readLog(service, id, "");
  expect(whole.content).toBe(`${first.content}${rest.content}`);

  let text = "";
  // Four bytes at a time: no character is ever cut.
  for (let offset = 0; offset < Number(whole.total_bytes); ) {
    const part = await readLog(service, id, `?offset=${offset}&limit=4`);
    text += part.content ?? "";
    offset = part.next_offset;
  }
  expect(text).toBe(whole.content);
  expect(await readLog(service, id, "?stream=stderr")).toMatchObject({
    content: "",
    total_bytes: 0,
    complete: true,
  });
});

/** What comes of the stream from there on, until it ends or so many bytes are there. */
async function follow(
  { app }: Service,
  id: string,
  last: number,
  enough: number,
): Promise<[string, number, boolean]> {
  const abort = new AbortController();
  const response = await fetch(`${app.url}/api/v1/runs/${id}/steps/talk/log/stream`, {
    headers: { "last-event-id": String(last) },
    signal: abort.signal,
  });
  let [raw, text, offset] = ["", "", last];
  for await (const chunk of response.body ?? []) {
    raw += Buffer.from(chunk as Uint8Array).toString("utf8");
    const events = raw.split("\n\n");
    raw = events.pop() ?? "";
    for (const event of events) {
      if (event.includes("event: end")) return [text, offset, true];
      const [, eventId = "", data = "{}"] = /^id: (\d+)\nevent: log\ndata: (.*)$/.exec(event) ?? [];
      if (eventId === "") continue;
      offset = Number(eventId);
      text += (JSON.parse(data) as Part).content ?? "";
    }
    if (offset - last >= enough) break;
  }
  abort.abort();
  return [text, offset, false];
}

test("a stream that is cut off goes on at its byte, while the step runs and after it", async () => {
  const service = await startStarts({ "runbooks/talks.yml": TALKS });
  const gate = join(service.at.folder, "gate");
  const id = idOf(await startRun(service, "talks", { inputs: { gate } }));
  await waitFor("the first line", async () => (await readLog(service, id, "")).content?.includes("\n"));
  const [first, at, isOver] = await follow(service, id, 0, 1);
  expect([first.startsWith("grüße, "), isOver]).toEqual([true, false]);
  const rest = follow(service, id, at, Number.POSITIVE_INFINITY);
  writeFileSync(gate, "");
  expect(await rest).toEqual(["the end\n", at + 8, true]);
  await runOver(service, id);
  expect(await follow(service, id, at + 4, Number.POSITIVE_INFINITY)).toEqual(["end\n", at + 8, true]);
});

test("what cannot be read is refused", async () => {
  const service = await startStarts({ "runbooks/talks.yml": TALKS });
  const id = idOf(await startRun(service, "talks", { inputs: { gate: "/" } }));
  await runOver(service, id);
  const status = async (path: string) => (await call(service, "GET", `/runs/${id}/steps/${path}`)).status;
  expect(await status("walk/log")).toBe(404);
  for (const query of ["offset=-1", "limit=0", "limit=9999999", "stream=both"])
    expect(await status(`talk/log?${query}`)).toBe(400);
});
