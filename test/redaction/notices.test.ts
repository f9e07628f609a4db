// What notifiers prove themselves with is in no log, error, answer or database, even where receivers send it back.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { expect, onTestFinished, test } from "vitest";
import { createLog } from "../../src/platform/log.ts";
import { makeCertificates } from "../outbound/certificates.ts";
import { startServer } from "../outbound/http-server.ts";
import { startMailServer } from "../notify/mail-server.ts";
import { postAlerts } from "../support/alerts.ts";
import { createServiceFolder, startService } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";

// Made here, so that they stand in no file of the repository.
const SECRETS = {
  hook: ["T024BE7LH", "B024BE7LH", "k3yOf", "TheHook"].join("/"),
  token: ["xoxb", "17653672481", "pdFZKVeTuE8sk7oOHcBrzygy"].join("-"),
  routingKey: ["f0e1d2c3b4a5", "96877869", "5a4b3c2d1e0f"].join(""),
  password: ["Nq5t", "Hd8y", "Kc1b"].join(""),
  header: ["Wg4s", "Px0e", "Ru3A"].join(""),
};
/** Known to nobody: shows that the search finds what is there. */
const UNKNOWN = ["canary", "Zx8Nn2"].join("-");

function formsOf(value: string): string[] {
  const base64 = [0, 1, 2].map((offset) =>
    Buffer.concat([Buffer.alloc(offset), Buffer.from(value)])
      .toString("base64")
      .slice(4, -4),
  );
  return [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1), ...base64];
}

function survivorsIn(text: Buffer): string[] {
  return Object.entries(SECRETS).flatMap(([name, value]) =>
    formsOf(value).some((form) => text.includes(form)) ? [name] : [],
  );
}

test("no secret of a notifier is left anywhere", async () => {
  // Says everything it was sent, in every place where an answer says something.
  const echo = await startServer((response, { url, headers, body }) => {
    const said = `${url} ${headers.authorization ?? ""} ${String(headers["x-key"] ?? "")}`;
    const isSlackApi = url.startsWith("/api/");
    const answer = isSlackApi
      ? { ok: false, error: said }
      : { status: "invalid event", message: said, errors: [`${said} ${body}`] };
    response.writeHead(isSlackApi ? 200 : 400, { "retry-after": "1" }).end(JSON.stringify(answer));
  });
  const certificates = makeCertificates("localhost");
  const mail = await startMailServer(certificates);
  const at = createServiceFolder({
    ...Object.fromEntries(Object.entries(SECRETS).map(([name, value]) => [`secrets/${name}`, `${value}\n`])),
    "secrets/hook-url": `${echo.url}/services/${SECRETS.hook}\n`,
    "ca.pem": certificates.authority,
    "nightshift.yml": `
outbound: {ca_file: ca.pem}
notifiers:
  - {name: hook, slack: {webhook_url: {file: secrets/hook-url}}}
  - {name: bot, slack: {token: {file: secrets/token}, channel: "#oncall", api_url: "${echo.url}/api"}}
  - {name: pager, pagerduty: {routing_key: {file: secrets/routingKey}, url: "${echo.url}/v2/enqueue"}}
  - {name: mail, email: {host: localhost, port: ${mail.port}, user: nightshift, password: {file: secrets/password}, from: n@example.net, to: [o@example.net]}}
  - {name: web, webhook: {url: {file: secrets/hook-url}, headers: {x-key: {file: secrets/header}}}}
notify:
${["hook", "bot", "pager", "mail", "web"].map((to) => `  - {to: ${to}, events: [failed]}`).join("\n")}
`,
    "rules/all.yml": `rules: [{name: act, mode: auto, matchers: ['alertname = "Slow"'], runbook: act}]\n`,
    "runbooks/act.yml": "{name: act, target: local, steps: [{id: act, run: exit 3}]}\n",
  });
  onTestFinished(() => at.remove());
  const lines: string[] = [];
  const stream = new Writable({ write: (chunk, _encoding, done) => (lines.push(String(chunk)), done()) });
  // Without the redaction that the service's log has: nothing secret may come as far as there.
  const app = await startService(at, { log: createLog({ level: "debug", format: "json", stream }) });
  const get = async (path: string) => (await fetch(`${app.url}${path}`)).text();
  const shown: string[] = [];
  try {
    await postAlerts(app.url, [{ labels: { alertname: "Slow", team: UNKNOWN } }]);
    const errors = await waitFor("a try of each", async () => {
      const notices = await app.store.reader
        .selectFrom("outbox")
        .select("last_error")
        .where("action", "=", "notify")
        .where("last_error", "is not", null)
        .execute();
      return notices.length === 5 ? notices : null;
    });
    shown.push(JSON.stringify(errors));
    for (const name of ["hook", "bot", "pager", "mail", "web"]) {
      const answer = await fetch(`${app.url}/api/v1/notifiers/${name}/test`, { method: "POST" });
      expect(answer.status).toBe(502);
      shown.push(await answer.text());
    }
    for (const path of ["/api/v1/notices", "/api/v1/status", "/api/v1/alerts", "/metrics"])
      shown.push(await get(path));
  } finally {
    await app.stop();
  }
  expect(mail.mails).toEqual([]);
  const stored = readdirSync(at.storagePath, { recursive: true, encoding: "utf8" })
    .map((name) => join(at.storagePath, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path));
  const places = [Buffer.from(lines.join("")), Buffer.from(shown.join("")), ...stored];
  expect(places.flatMap(survivorsIn)).toEqual([]);
  expect(stored.some((bytes) => bytes.includes(UNKNOWN))).toBe(true);
  expect(lines.join("")).toContain("a notice was given up");
});
