import {
  readDeliveriesAfter,
  readUnseenEnds,
  type RecordedDelivery,
  type UnseenEnd,
} from "../store/recorded.ts";
import type { Reader } from "../store/store.ts";

/** What happened to the service from outside, one thing after the other. */
export type RecordedEvent =
  | { readonly kind: "delivery"; readonly atMs: number; readonly delivery: RecordedDelivery }
  | { readonly kind: "end"; readonly atMs: number; readonly end: UnseenEnd };

/** Few enough that the bodies of a page (16 MiB each at most) do not fill the memory, many enough to be fast. */
const DELIVERIES_AT_ONCE = 200;
const ENDS_AT_ONCE = 1_000;

/** The smallest id that could have been made at this time. */
export function firstIdAt(atMs: number): string {
  const time = Math.max(0, Math.floor(atMs)).toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-`;
}

/**
 * Deliveries and unseen ends since a time, in the order in which they happened. Read in pages, so that neither memory nor the
 * service that writes the database has to bear them all.
 */
export async function* recordedEvents(db: Reader, sinceMs: number): AsyncGenerator<RecordedEvent> {
  const ends = unseenEnds(db, sinceMs);
  let end = await ends.next();
  for await (const delivery of deliveries(db, sinceMs)) {
    while (end.done !== true && end.value.atMs <= delivery.receivedAtMs) {
      yield { kind: "end", atMs: end.value.atMs, end: end.value };
      end = await ends.next();
    }
    yield { kind: "delivery", atMs: delivery.receivedAtMs, delivery };
  }
  for (; end.done !== true; end = await ends.next())
    yield { kind: "end", atMs: end.value.atMs, end: end.value };
}

async function* deliveries(db: Reader, sinceMs: number): AsyncGenerator<RecordedDelivery> {
  let afterId = firstIdAt(sinceMs);
  for (;;) {
    const page = await readDeliveriesAfter(db, afterId, DELIVERIES_AT_ONCE);
    // An id is made a moment after the reception.
    yield* page.filter(({ receivedAtMs }) => receivedAtMs >= sinceMs);
    const last = page.at(-1);
    if (last === undefined) return;
    afterId = last.id;
  }
}

async function* unseenEnds(db: Reader, sinceMs: number): AsyncGenerator<UnseenEnd> {
  let afterId = firstIdAt(sinceMs);
  for (;;) {
    const page = await readUnseenEnds(db, afterId, ENDS_AT_ONCE);
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    afterId = last.id;
  }
}
