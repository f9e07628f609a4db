import { alertmanagerBody, type TestAlert } from "../support/alerts.ts";
import { openRaw } from "./raw.ts";

/** Sends bad input to one service. Each call resolves with the status of the answer, 0 when the connection was closed without one. */
export interface Sender {
  readonly url: string;
  deliver(body: string | Uint8Array, headers?: readonly string[], path?: string): Promise<number>;
  /** Bytes as they are, on a connection of their own. */
  raw(...parts: readonly (string | Uint8Array)[]): Promise<number>;
}

/** A case of the catalogue by its number, with the statuses it may be answered with. */
export type Case = readonly [
  number: string,
  what: string,
  expected: readonly number[],
  send: (to: Sender) => Promise<number>,
];

export const JSON_TYPE = "Content-Type: application/json";

export const good = (parts: Partial<TestAlert> = {}): string =>
  alertmanagerBody([{ labels: { alertname: "Good" }, ...parts }]);

export const head = (method: string, path: string, ...headers: readonly string[]): string =>
  `${method} ${path} HTTP/1.1\r\nHost: x\r\n${headers.map((line) => `${line}\r\n`).join("")}\r\n`;

const ANSWER_LIMIT_MS = 15_000;

export function createSender(url: string): Sender {
  async function raw(...parts: readonly (string | Uint8Array)[]): Promise<number> {
    const connection = await openRaw(url);
    connection.send(...parts);
    const { status } = await connection.answer(ANSWER_LIMIT_MS);
    connection.socket.destroy();
    return status;
  }
  return {
    url,
    raw,
    deliver(body, headers = [JSON_TYPE], path = "/webhooks/am") {
      const bytes = Buffer.from(body);
      return raw(head("POST", path, ...headers, `Content-Length: ${bytes.byteLength}`), bytes);
    },
  };
}
