import { Worker } from "node:worker_threads";
import type { Delivery } from "../../alerts/alert.ts";
import { DeliveryError } from "../../alerts/alert.ts";
import type { DeliveryLimits } from "../../alerts/limits.ts";
import type { MappingSource } from "../../alerts/mapping.ts";
import { type DeliveryBody, normaliseDelivery } from "../../alerts/normalise.ts";
import type { Source } from "../../engine/dependencies.ts";
import type { SourceKind } from "../../alerts/alert.ts";

/** Reads bodies into deliveries. */
export interface BodyParser {
  /** Throws DeliveryError when the body is no delivery. */
  parse(source: Source, body: DeliveryBody, nowMs: number): Promise<Delivery>;
  close(): Promise<void>;
}

/** A larger body would hold the event loop for tens of milliseconds: a worker reads it. */
const INLINE_BYTES_MAX = 1024 * 1024;
/** Bodies read in workers at once; more of them wait. */
const WORKERS_MAX = 2;

export interface ParseTask {
  readonly kind: SourceKind;
  readonly mapping: MappingSource | null;
  readonly bytes: Uint8Array;
  readonly contentType: string | undefined;
  readonly nowMs: number;
  readonly limits: DeliveryLimits;
}

export type ParseAnswer =
  | { readonly kind: "delivery"; readonly delivery: Delivery }
  | {
      readonly kind: "refused";
      readonly code: DeliveryError["code"];
      readonly problems: DeliveryError["problems"];
    }
  | { readonly kind: "failed"; readonly message: string };

export function createBodyParser(
  limits: DeliveryLimits,
  mappings: () => ReadonlyMap<string, MappingSource>,
): BodyParser {
  const slots: Slot[] = [];
  const waiting: (() => void)[] = [];

  async function takeSlot(): Promise<Slot> {
    for (;;) {
      const free = slots.find((slot) => !slot.isBusy);
      if (free !== undefined) return free;
      if (slots.length < WORKERS_MAX) {
        const slot = new Slot();
        slots.push(slot);
        return slot;
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  }

  return {
    async parse(source, body, nowMs) {
      if (body.bytes.byteLength <= INLINE_BYTES_MAX) return normaliseDelivery(source, body, nowMs, limits);
      const slot = await takeSlot();
      try {
        const mapping = mappings().get(source.name) ?? null;
        return await slot.parse({
          kind: source.kind,
          mapping,
          bytes: body.bytes,
          contentType: body.contentType,
          nowMs,
          limits,
        });
      } finally {
        waiting.shift()?.();
      }
    },
    async close() {
      await Promise.all(slots.map((slot) => slot.close()));
    },
  };
}

/** One worker and the body it reads. A worker that dies is replaced at the next body. */
class Slot {
  isBusy = false;
  #worker: Worker | null = null;

  async parse(task: ParseTask): Promise<Delivery> {
    this.isBusy = true;
    try {
      const answer = await this.#ask(task);
      if (answer.kind === "delivery") return answer.delivery;
      if (answer.kind === "refused") throw new DeliveryError(answer.problems, answer.code);
      throw new Error(`reading a large body failed: ${answer.message}`);
    } finally {
      this.isBusy = false;
    }
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #ask(task: ParseTask): Promise<ParseAnswer> {
    // The built program has .js files, a source checkout .ts files.
    const file = import.meta.url.endsWith(".ts") ? "./parse-worker.ts" : "./parse-worker.js";
    const worker = (this.#worker ??= new Worker(new URL(file, import.meta.url)));
    return new Promise((resolve, reject) => {
      const lost = (error: unknown) => {
        this.#worker = null;
        reject(error instanceof Error ? error : new Error("the worker that read a large body ended"));
      };
      worker.once("error", lost);
      worker.once("exit", lost);
      worker.once("message", (answer: ParseAnswer) => {
        worker.off("error", lost);
        worker.off("exit", lost);
        resolve(answer);
      });
      worker.postMessage(task);
    });
  }
}
