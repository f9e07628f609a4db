// What is told for a long time ends with the right to hear it.
import { describe, expect, test } from "vitest";
import { waitFor } from "../../support/wait.ts";
import { type AccessService, ask, cookieOf, settingsOf, startAccess, tokensOf } from "./login-fixture.ts";

const LONG = `
name: long
target: local
access: {run: ["group:runners"]}
steps: [{id: wait, effect: read, command: [sleep, "120"]}]
`;

interface Stream {
  readonly status: number;
  readonly isOver: () => boolean;
}

async function follow(
  { app }: AccessService,
  path: string,
  headers: Record<string, string>,
): Promise<Stream> {
  const response = await fetch(`${app.url}/api/v1${path}`, { headers });
  let isOver = false;
  const reading = (async () => {
    for await (const _ of response.body ?? []);
  })();
  void reading.catch(() => {}).then(() => (isOver = true));
  return { status: response.status, isOver: () => isOver };
}

describe.each(["/events", "/steps/wait/log/stream"])("a stream of a run, by %s", (suffix) => {
  const start = async () => {
    const service = await startAccess({ "runbooks/long.yml": LONG });
    const tokens = await tokensOf(service);
    const { json } = await ask(service, "POST", "/runbooks/long/runs", { token: tokens.rike, body: {} });
    const id = String(json["id"]);
    await waitFor("the step to run", async () => {
      const run = await ask(service, "GET", `/runs/${id}`, { token: tokens.rike });
      return (run.json["steps"] as { status: string }[]).some(({ status }) => status === "running");
    });
    return { service, tokens, id, path: `/runs/${id}${suffix}` };
  };

  test("ends when its token is revoked, and goes on for others", async () => {
    const { service, tokens, id, path } = await start();
    const revoked = await follow(service, path, { authorization: `Bearer ${tokens.olaf}` });
    const kept = await follow(service, path, { authorization: `Bearer ${tokens.rosa}` });
    expect([revoked.status, kept.status]).toEqual([200, 200]);
    const list = await ask(service, "GET", "/tokens", { token: tokens.olaf });
    const [token] = list.json["items"] as { id: string }[];
    await ask(service, "DELETE", `/tokens/${token?.id}`, { token: tokens.olaf });
    await waitFor("the stream to end", revoked.isOver, 20_000);
    expect(kept.isOver()).toBe(false);
    await ask(service, "POST", `/runs/${id}/cancel`, { token: tokens.rike });
    await waitFor("the other stream to end with the run", kept.isOver, 20_000);
  });

  test("is refused to who has many open, and to nobody else for that", async () => {
    const { service, tokens, id, path } = await start();
    const by = (token: string) => follow(service, path, { authorization: `Bearer ${token}` });
    const many = await Promise.all(Array.from({ length: 45 }, () => by(tokens.olaf)));
    expect(many.filter(({ status }) => status === 200)).toHaveLength(40);
    expect(many.filter(({ status }) => status === 503)).toHaveLength(5);
    const other = await by(tokens.rosa);
    expect(other.status).toBe(200);
    await ask(service, "POST", `/runs/${id}/cancel`, { token: tokens.rike });
    await waitFor(
      "all streams to end with the run",
      () => [...many, other].every((one) => one.isOver()),
      20_000,
    );
  });

  test("ends when its session does, and when its person has the right no more", async () => {
    const { service, tokens, id, path } = await start();
    const cookie = await cookieOf(service, "rosa");
    const bySession = await follow(service, path, { cookie });
    const byRole = await follow(service, path, { authorization: `Bearer ${tokens.olaf}` });
    await ask(service, "DELETE", "/session", { headers: { cookie, origin: service.app.url } });
    await waitFor("the stream of the session to end", bySession.isOver, 20_000);
    expect(byRole.isOver()).toBe(false);
    service.at.write({ "nightshift.yml": settingsOf().replace('["operators"]', "[]") });
    expect(await service.app.reload()).toEqual([]);
    await waitFor("the stream of who has no role to end", byRole.isOver, 20_000);
    await ask(service, "POST", `/runs/${id}/cancel`, { token: tokens.rike });
  });
});
