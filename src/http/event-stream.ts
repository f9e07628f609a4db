import type { Request, Response } from "express";
import { once } from "node:events";
import type { Principal } from "../access/principal.ts";
import { isStillAllowed } from "./policing.ts";
import { HttpProblem } from "./problems.ts";

/** A proxy closes what is silent for longer than a minute, as a rule. */
const HEARTBEAT_MS = 15_000;
const RETRY_AFTER_S = "10";
const COMES_BACK_AFTER_MS = 1_000;
/** Whoever may no longer see what a stream tells hears of it for at most so long. */
const CHECK_EVERY_MS = 2_000;

/** Streams that are open at once. Each is a connection and looks into the database again and again. */
export class StreamSlots {
  readonly #max: number;
  readonly #maxOfOne: number;
  #open = 0;
  readonly #ofEach = new Map<string, number>();

  /** `maxOfOne`: one person's, over all their sessions and tokens, so that nobody takes them all. */
  constructor(max: number, maxOfOne: number) {
    this.#max = max;
    this.#maxOfOne = maxOfOne;
  }

  /** Throws 503 when there are too many. What it returns gives the slot back. */
  take({ id, isLocal }: Pick<Principal, "id" | "isLocal">): () => void {
    const own = this.#ofEach.get(id) ?? 0;
    // Without a login nobody can be told apart.
    if (!isLocal && own >= this.#maxOfOne)
      throw new HttpProblem(503, "Too many streams", `${own} streams of yours are open; close some first`, {
        headers: { "retry-after": RETRY_AFTER_S },
      });
    if (this.#open >= this.#max)
      throw new HttpProblem(503, "Too many streams", `${this.#max} streams are open; read the run itself`, {
        headers: { "retry-after": RETRY_AFTER_S },
      });
    this.#open += 1;
    this.#ofEach.set(id, own + 1);
    return () => {
      this.#open -= 1;
      const left = (this.#ofEach.get(id) ?? 1) - 1;
      if (left > 0) this.#ofEach.set(id, left);
      else this.#ofEach.delete(id);
    };
  }
}

/** Server-sent events (HTML living standard, 9.2) on one response. */
export interface EventStream {
  /** Aborted when the client has gone, or may no longer see this: its session or token has ended, or its rights have. */
  readonly gone: AbortSignal;
  send(event: { readonly id: string; readonly name: string; readonly data: unknown }): void;
  /** Resolves when the client has taken what was sent, or has gone: what it does not take is held in memory. */
  taken(): Promise<void>;
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
  // Whoever is cut off comes back soon.
  response.write(`retry: ${COMES_BACK_AFTER_MS}\n\n`);
  const heartbeat = setInterval(() => response.write(":\n\n"), HEARTBEAT_MS);
  let check: NodeJS.Timeout | undefined;
  const checkLater = () => {
    check = setTimeout(() => {
      // A database that is away is asked again the next time; until then there is nothing to be told either.
      void isStillAllowed(request)
        .catch(() => true)
        .then((isAllowed) => {
          if (!isAllowed) close();
          else if (!gone.signal.aborted) checkLater();
        });
    }, CHECK_EVERY_MS);
  };
  const close = () => {
    clearInterval(heartbeat);
    clearTimeout(check);
    gone.abort();
  };
  checkLater();
  request.once("close", close);
  response.once("close", close);
  return {
    gone: gone.signal,
    send({ id, name, data }) {
      response.write(`id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
    },
    async taken() {
      if (!response.writableNeedDrain) return;
      await once(response, "drain", { signal: gone.signal }).catch(() => {});
    },
    end() {
      close();
      response.end();
    },
  };
}
