// Finding alerts by their state and by matchers of labels, page by page.
import { expect, test } from "vitest";
import { alertmanagerBody } from "../support/alerts.ts";
import { call, itemsOf, type Service, startControls } from "./controls-fixture.ts";

async function receive(service: Service, count: number): Promise<void> {
  const alerts = Array.from({ length: count }, (_, number) => ({
    labels: { alertname: "Other", number: String(number), team: number % 10 === 0 ? "web" : "data" },
  }));
  const response = await fetch(`${service.app.url}/webhooks/alertmanager`, {
    method: "POST",
    body: alertmanagerBody(alerts),
  });
  expect(response.status).toBe(202);
}

const numbersOf = (items: readonly Record<string, unknown>[]) =>
  items.map(({ labels }) => Number((labels as Record<string, string>)["number"]));

test("matchers and status choose alerts; pages go on where the search stopped", async () => {
  const service = await startControls();
  await receive(service, 60);
  const all = await itemsOf(service, "/alerts?limit=200");
  const web = await itemsOf(service, `/alerts?limit=200&filter=${encodeURIComponent('team="web"')}`);
  expect(numbersOf(web)).toEqual(numbersOf(all).filter((number) => number % 10 === 0));
  expect(
    await itemsOf(service, `/alerts?filter=${encodeURIComponent('team="web",number=~"1.|2."')}`),
  ).toHaveLength(2);
  expect(await itemsOf(service, `/alerts?filter=${encodeURIComponent('team!="data",team!~"w.*"')}`)).toEqual(
    [],
  );
  expect(await itemsOf(service, "/alerts?status=resolved")).toEqual([]);
  expect(await itemsOf(service, "/alerts?status=firing&limit=200")).toHaveLength(60);
  const paged: number[] = [];
  let after = "";
  do {
    const { json } = await call(
      service,
      "GET",
      `/alerts?limit=4&filter=${encodeURIComponent('team="web"')}${after}`,
    );
    paged.push(...numbersOf(json["items"] as Record<string, unknown>[]));
    const next = json["next"] as string | null;
    after = next === null ? "" : `&after=${next}`;
  } while (after !== "");
  expect(paged).toEqual(numbersOf(web));
});

test.each([
  ["filter", 'team=~"["', "is a list of matchers"],
  ["filter", "team", "is a list of matchers"],
  ["filter", `a="${"x".repeat(3_000)}"`, "at most"],
  ["filter", Array.from({ length: 21 }, () => 'a=~".*x"').join(), "has 21 matchers; at most 20"],
  ["status", "burning", "is one of firing"],
])("%s %j is a 400 that says what is wrong", async (name, value, words) => {
  const service = await startControls();
  const answer = await call(service, "GET", `/alerts?${name}=${encodeURIComponent(value)}`);
  expect([answer.status, answer.json["detail"]]).toEqual([400, expect.stringContaining(words)]);
});
