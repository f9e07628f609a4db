import { createServer } from "node:http";
import { once } from "node:events";
import { fingerprintOf } from "../../src/alerts/fingerprint.ts";
import type { TestAlert } from "./alerts.ts";

/** A server that answers as Alertmanager's API v2 does for the alerts it is told of; others it does not know. */
export interface AlertSource {
  readonly url: string;
  /** How often it was asked. */
  readonly asked: number;
  /** `away`: it answers 503 from now on, whatever it is asked. */
  say(alert: TestAlert, state: "firing" | "suppressed" | "gone"): void;
  goAway(): void;
  close(): Promise<void>;
}

export async function startAlertSource(): Promise<AlertSource> {
  const states = new Map<string, "active" | "suppressed">();
  const counts = { asked: 0 };
  const status = { code: 200 };
  const server = createServer((request, response) => {
    counts.asked += 1;
    response.statusCode = request.url?.startsWith("/api/v2/alerts") === true ? status.code : 404;
    const endsAt = new Date(Date.now() + 60_000).toISOString();
    const alerts = [...states].map(([fingerprint, state]) => ({
      fingerprint,
      endsAt,
      status: { state, silencedBy: [] },
      labels: {},
    }));
    response.setHeader("content-type", "application/json");
    response.end(response.statusCode === 200 ? JSON.stringify(alerts) : '"away"');
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    get asked() {
      return counts.asked;
    },
    say(alert, state) {
      const fingerprint = fingerprintOf(new Map(Object.entries(alert.labels)));
      if (state === "gone") states.delete(fingerprint);
      else states.set(fingerprint, state === "firing" ? "active" : "suppressed");
    },
    goAway: () => void (status.code = 503),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
