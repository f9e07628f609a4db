import type { Request, Response } from "express";
import { HttpProblem } from "./problems.ts";

/** A proxy closes what is silent for longer than a minute, as a rule. */
const HEARTBEAT_MS = 15_000;
const RETRY_AFTER_S = "10";

/** Streams that are open at once. Each is a connection and looks into the database again and again. */
export class StreamSlots {
  readonly #max: number;
  #open = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Throws 503 when there are too many. What it returns gives the slot back. */
  take(): () => void {
    if (this.#open >= this.#max)
      throw new HttpProblem(503, "Too many streams", `${this.#max} streams are open; read the run itself`, {
        headers: { "retry-after": RETRY_AFTER_S },
      });
    this.#open += 1;
    return () => {
      this.#open -= 1;
    };
  }
}

/** Server-sent events (HTML living standard, 9.2) on one response. */
export interface EventStream {
  /** Aborted when the client has gone. */
  readonly gone: AbortSignal;
  send(event: { readonly id: string; readonly name: string; readonly data: unknown }): void;
  end(): void;
}

export function openEventStream(request: Request, response: Response): EventStream {
  const gone = new AbortController();
  response.writeHead(200, {
    "content-type": "text/event-stream",
    "cache-control": "no-store",
    // For nginx, which would hold events back.
    "x-accel-buffering": "no",
  });
  response.flushHeaders();
  const heartbeat = setInterval(() => response.write(":\n\n"), HEARTBEAT_MS);
  const close = () => {
    clearInterval(heartbeat);
    gone.abort();
  };
  request.once("close", close);
  response.once("close", close);
  return {
    gone: gone.signal,
    send({ id, name, data }) {
      response.write(`id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
    },
    end() {
      close();
      response.end();
    },
  };
}
