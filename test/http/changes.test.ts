// The stream of changes: it says that there is something new, and is silent otherwise.
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { alertmanagerBody } from "../support/alerts.ts";
import { waitFor } from "../support/wait.ts";
import type { Service } from "./controls-fixture.ts";
import { startStarts } from "./starts-fixture.ts";

interface Stream {
  /** The ids of the events by now. */
  readonly ids: readonly string[];
  readonly hasEnded: () => boolean;
}

async function follow({ app }: Service, last: string | null, query = ""): Promise<Stream> {
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  const response = await fetch(`${app.url}/api/v1/changes${query}`, {
    headers: last === null ? {} : { "last-event-id": last },
    signal: abort.signal,
  });
  const ids: string[] = [];
  let hasEnded = false;
  void (async () => {
    for await (const id of idsOf(response)) ids.push(id);
  })()
    .catch(() => {})
    .finally(() => (hasEnded = true));
  return { ids, hasEnded: () => hasEnded };
}

async function* idsOf(response: Response): AsyncGenerator<string> {
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk as Uint8Array).toString("utf8");
    const parts = text.split("\n\n");
    text = parts.pop() ?? "";
    for (const part of parts) {
      const id = /^id: (.+)\nevent: changed$/m.exec(part)?.[1];
      if (id !== undefined) yield id;
    }
  }
}

const post = ({ app }: Service, alertname: string) =>
  fetch(`${app.url}/webhooks/alertmanager`, {
    method: "POST",
    body: alertmanagerBody([{ labels: { alertname } }]),
  });

test("an alert and another configuration are told; whoever knows the newest change hears nothing until there is another", async () => {
  const service = await startStarts({});
  const first = await follow(service, null);
  await waitFor("the first event", async () => first.ids.length > 0);
  const before = first.ids.length;
  await post(service, "One");
  await waitFor("the alert to be told", async () => first.ids.length > before);
  const newest = await waitFor("silence", async () => {
    const count = first.ids.length;
    await sleep(1_500);
    return count === first.ids.length ? (first.ids.at(-1) ?? null) : null;
  });
  const again = await follow(service, newest);
  await sleep(1_500);
  expect(again.ids).toEqual([]);
  service.at.write({ "rules/bad.yml": "rules: [{name: x}]\n" });
  expect(await service.app.reload()).not.toEqual([]);
  await waitFor("the refusal to be told", async () => again.ids.length > 0);
  expect(again.ids).not.toContain(newest);
}, 60_000);

test("a stream of no seconds says what there is and ends", async () => {
  const service = await startStarts({});
  const stream = await follow(service, null, "?seconds=0");
  await waitFor("its end", async () => stream.hasEnded());
  expect(stream.ids).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/)]);
}, 30_000);

test("two services tell different ids, whatever their databases have counted", async () => {
  const streams = await Promise.all(
    [1, 2].map(async () => follow(await startStarts({}), null, "?seconds=0")),
  );
  await waitFor("their ends", async () => streams.every(({ hasEnded }) => hasEnded()));
  expect(new Set(streams.flatMap(({ ids }) => ids)).size).toBe(2);
}, 60_000);
