// Following a run: every change comes once and in order, whatever becomes of the connection.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { readRun } from "../support/alerts.ts";
import { call, type Service } from "./controls-fixture.ts";
import { idOf, runOver, startRun, startStarts } from "./starts-fixture.ts";

const STEPS = `
name: steps
target: local
steps:
${Array.from({ length: 6 }, (_, index) => `  - {id: s${index}, effect: read, command: [sleep, "0.4"]}`).join("\n")}
`;

interface Event {
  readonly id: number;
  readonly name: string;
  readonly data: Record<string, unknown>;
}

interface Connection {
  readonly status: number;
  readonly events: AsyncGenerator<Event>;
  kill(): void;
}

async function connect({ app }: Service, id: string, last: number | null): Promise<Connection> {
  const abort = new AbortController();
  const response = await fetch(`${app.url}/api/v1/runs/${id}/events`, {
    headers: last === null ? {} : { "last-event-id": String(last) },
    signal: abort.signal,
  });
  return { status: response.status, events: eventsOf(response), kill: () => abort.abort() };
}

async function* eventsOf(response: Response): AsyncGenerator<Event> {
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk as Uint8Array).toString("utf8");
    const parts = text.split("\n\n");
    text = parts.pop() ?? "";
    for (const part of parts) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(part)?.[1];
      const id = field("id");
      if (id === undefined) continue;
      yield {
        id: Number(id),
        name: field("event") ?? "",
        data: JSON.parse(field("data") ?? "{}") as Event["data"],
      };
    }
  }
}

/** What a client knows after the events, as `step status` and the run's own. */
function fold(known: Map<string, unknown>, { name, data }: Event): void {
  if (name === "step") known.set(String(data["id"]), data["status"]);
  else known.set("", data["status"]);
  for (const step of (data["steps"] ?? []) as Record<string, unknown>[])
    known.set(String(step["id"]), step["status"]);
}

test("a connection that is killed again and again loses nothing and tells nothing twice", async () => {
  const service = await startStarts({ "runbooks/steps.yml": STEPS });
  const id = idOf(await startRun(service, "steps", {}));
  const known = new Map<string, unknown>();
  const ids: number[] = [];
  let connections = 0;
  for (let isOver = false; !isOver; connections += 1) {
    const connection = await connect(service, id, ids.at(-1) ?? null);
    if (connection.status === 204) break;
    let left = 1 + (connections % 3);
    for await (const event of connection.events) {
      isOver = event.name === "end";
      fold(known, event);
      if (!isOver) ids.push(event.id);
      left -= 1;
      if (left === 0) break;
    }
    connection.kill();
    await sleep(50 * (connections % 4));
  }
  expect(connections).toBeGreaterThan(3);
  expect(ids).toEqual([...new Set(ids)].toSorted((left, right) => left - right));
  const run = await readRun(service.app.url, id);
  expect(Object.fromEntries(known)).toEqual({
    "": "succeeded",
    ...Object.fromEntries(run.steps.map((step) => [step.id, step.status])),
  });
});

test("a client that stays gets the steps as they change, then the end", async () => {
  const service = await startStarts({});
  const gate = join(service.at.folder, "gate");
  const waits = STEPS.replace('[sleep, "0.4"]', `[sh, -c, "while [ ! -e ${gate} ]; do sleep 0.05; done"]`);
  service.at.write({ "runbooks/steps.yml": waits });
  expect(await service.app.reload()).toEqual([]);
  const id = idOf(await startRun(service, "steps", {}));
  const { events } = await connect(service, id, null);
  // However long it took to connect, no step has ended yet.
  writeFileSync(gate, "");
  const told: string[] = [];
  for await (const event of events) {
    told.push(`${event.name} ${String(event.data["id"] === id ? event.data["status"] : event.data["id"])}`);
  }
  expect(told[0]).toMatch(/^snapshot /);
  expect(told.slice(-2)).toEqual(["run succeeded", "end succeeded"]);
  for (const step of ["s0", "s3", "s5"]) expect(told).toContain(`step ${step}`);
});

test("a run that is over is told at once; one that there is not is 404", async () => {
  const service = await startStarts();
  const id = idOf(await startRun(service, "greet", { inputs: { host: "web-1" } }));
  await runOver(service, id);
  const { events } = await connect(service, id, null);
  const names: string[] = [];
  for await (const event of events) names.push(event.name);
  expect(names).toEqual(["snapshot", "end"]);
  expect((await call(service, "GET", "/runs/nothing/events")).status).toBe(404);
});
