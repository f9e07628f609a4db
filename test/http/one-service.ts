import { afterEach, expect } from "vitest";
import type { App } from "../../src/app.ts";
import { alertmanagerBody } from "../support/alerts.ts";
import { createServiceFolder, type ServiceFolder, startService } from "../support/service.ts";

// One service for each test, with what the tests of its answers send and ask.

const open: { app?: App; at?: ServiceFolder } = {};
afterEach(async () => {
  await open.app?.stop();
  open.at?.remove();
});

/** Sources `am`, open to all, and `closed`, which asks for a token. Stopped after the test. */
export async function start(limits = ""): Promise<App> {
  const settings = `sources: [{name: am, kind: alertmanager}, {name: closed, kind: alertmanager, auth: {bearer: {file: token}}}]\nlimits: {${limits}}\n`;
  open.at = createServiceFolder({ "nightshift.yml": settings, token: "a-secret-token" });
  open.app = await startService(open.at);
  return open.app;
}

export const alert = (name: string) => alertmanagerBody([{ labels: { alertname: name } }]);
/** A valid body of about this many bytes: one alert with many annotations. */
export function largeBody(name: string, bytes: number): string {
  const annotations = Object.fromEntries(
    Array.from({ length: Math.ceil(bytes / 60_000) }, (_, index) => [`text_${index}`, "x".repeat(60_000)]),
  );
  return alertmanagerBody([{ labels: { alertname: name }, annotations }]);
}
export function post(
  app: App,
  body: string | Uint8Array<ArrayBuffer>,
  init: RequestInit = {},
  path = "/webhooks/am",
): Promise<Response> {
  return fetch(`${app.url}${path}`, { method: "POST", body, redirect: "manual", ...init });
}
export const json = { headers: { "content-type": "application/json" } };
export const episodes = (app: App) => app.store.reader.selectFrom("episode").select("labels").execute();
export const head = (method: string, path: string, ...headers: string[]) =>
  `${method} ${path} HTTP/1.1\r\nHost: x\r\n${headers.map((line) => `${line}\r\n`).join("")}\r\n`;

export async function problemOf(response: Response): Promise<Record<string, unknown>> {
  expect(response.headers.get("content-type")).toContain("application/problem+json");
  return (await response.json()) as Record<string, unknown>;
}

/** Keeps the database busy until it is released. */
export function occupy(app: App): () => Promise<void> {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const work = app.store.transaction(() => released);
  return async () => {
    release();
    await work;
  };
}

/** Afterwards the service has seen what was sent before. */
export async function roundTrips(app: App): Promise<void> {
  for (let time = 0; time < 5; time += 1) await fetch(`${app.url}/-/healthy`);
}
