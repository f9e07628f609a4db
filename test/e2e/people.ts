import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";

/** A notice as the webhook notifier sends it. */
export interface Notice {
  readonly type: string;
  readonly data: { readonly title: string; readonly text: string; readonly run: string };
}

/** Those who are told: they keep every notice. */
export interface People {
  readonly url: string;
  readonly notices: readonly Notice[];
  close(): Promise<void>;
}

export async function startPeople(): Promise<People> {
  const notices: Notice[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      notices.push(JSON.parse(body) as Notice);
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/notices`,
    notices,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const VISITORS = 4;
const PAUSE_MS = 100;

/** Asks for pages without end, as visitors do, whether they are answered or not. Returns what ends it. */
export function startVisitors(url: string): () => Promise<void> {
  const leaving = new AbortController();
  const visit = async () => {
    while (!leaving.signal.aborted) {
      // During a restart nobody answers; a visitor tries again.
      await fetch(url, { signal: leaving.signal })
        .then((page) => page.text())
        .catch(() => null);
      await delay(PAUSE_MS);
    }
  };
  const visits = Array.from({ length: VISITORS }, visit);
  return async () => {
    leaving.abort();
    await Promise.all(visits);
  };
}
