import { connect, type Socket } from "node:net";
import { once } from "node:events";

/** An answer as it came over the wire. */
export interface RawAnswer {
  /** 0 when the connection was closed without one. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A TCP connection to a service, for what no HTTP client would send. */
export interface RawConnection {
  readonly socket: Socket;
  send(...parts: readonly (string | Uint8Array)[]): void;
  /** The next whole answer, but for `100 Continue`; status 0 when the connection ends first. Throws after the limit. */
  answer(limitMs?: number): Promise<RawAnswer>;
  /** Resolves when the other side has closed. Throws after the limit. */
  closed(limitMs?: number): Promise<void>;
  /** Ends with a reset. */
  reset(): void;
}

export async function openRaw(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect({ port: Number(port), host: hostname, noDelay: true });
  socket.on("error", () => {});
  await once(socket, "connect");
  let received: Buffer = Buffer.alloc(0);
  let isClosed = false;
  const listeners = new Set<() => void>();
  const changed = () => listeners.forEach((listener) => listener());
  socket.on("data", (chunk) => {
    received = Buffer.concat([received, chunk]);
    changed();
  });
  socket.on("close", () => {
    isClosed = true;
    changed();
  });

  async function until<Value>(what: string, limitMs: number, ask: () => Value | null): Promise<Value> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const value = ask();
        if (value === null) return;
        finish();
        resolve(value);
      };
      const timer = setTimeout(() => {
        finish();
        reject(
          new Error(
            `waited ${limitMs} ms for ${what}; received ${JSON.stringify(received.toString().slice(0, 200))}`,
          ),
        );
      }, limitMs);
      const finish = () => {
        clearTimeout(timer);
        listeners.delete(look);
      };
      listeners.add(look);
      look();
    });
  }

  return {
    socket,
    send: (...parts) => parts.forEach((part) => void socket.write(part)),
    answer: (limitMs = 5_000) =>
      until("an answer", limitMs, () => {
        for (;;) {
          const taken = takeAnswer(received, isClosed);
          if (taken === null) return isClosed ? { status: 0, headers: {}, body: "" } : null;
          received = taken.rest;
          if (taken.answer.status !== 100) return taken.answer;
        }
      }),
    closed: (limitMs = 5_000) =>
      until("the end of the connection", limitMs, () => (isClosed ? undefined : null)),
    reset: () => void socket.resetAndDestroy(),
  };
}

function takeAnswer(received: Buffer, isClosed: boolean): { answer: RawAnswer; rest: Buffer } | null {
  const end = received.indexOf("\r\n\r\n");
  if (end === -1) return null;
  const [first = "", ...lines] = received.toString("latin1", 0, end).split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(":")).toLowerCase(),
      line.slice(line.indexOf(":") + 1).trim(),
    ]),
  );
  const status = Number(first.split(" ")[1] ?? 0);
  const declared = headers["content-length"];
  const start = end + 4;
  if (declared === undefined && status !== 100 && !isClosed) return null;
  const length = status === 100 ? 0 : declared === undefined ? received.length - start : Number(declared);
  if (received.length < start + length && !isClosed) return null;
  const answer = { status, headers, body: received.toString("utf8", start, start + length) };
  return { answer, rest: received.subarray(start + length) };
}

/** Sends the bytes on a connection of their own and reads one answer. */
export async function sendRaw(url: string, ...parts: readonly (string | Uint8Array)[]): Promise<RawAnswer> {
  const connection = await openRaw(url);
  try {
    connection.send(...parts);
    return await connection.answer();
  } finally {
    connection.socket.destroy();
  }
}
