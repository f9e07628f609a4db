import { insertRows, rowShape } from "./rows.ts";
import type { Reader, Tx } from "./store.ts";

export interface StoredDelivery {
  readonly id: string;
  readonly source: string;
  readonly dialect: string;
  readonly receivedAtMs: number;
  /** Null for a delivery that only repeats what is stored already. */
  readonly body: Uint8Array | null;
  readonly alerts: number;
  readonly truncatedAlerts: number;
  readonly receiver: string | null;
  readonly externalUrl: string | null;
}

const shape = rowShape("delivery", [
  "id",
  "source",
  "dialect",
  "received_at",
  "body",
  "alerts",
  "truncated",
  "receiver",
  "external_url",
]);

export async function insertDeliveries(
  tx: Tx,
  dialect: "sqlite" | "postgres",
  deliveries: readonly StoredDelivery[],
): Promise<void> {
  const rows = deliveries.map((it) => [
    it.id,
    it.source,
    it.dialect,
    it.receivedAtMs,
    it.body,
    it.alerts,
    it.truncatedAlerts,
    it.receiver,
    it.externalUrl,
  ]);
  await insertRows(tx, dialect, shape, rows);
}

/** The body as it was received, null when it was never stored or is no longer kept. */
export async function readDeliveryBody(db: Reader, id: string): Promise<Uint8Array | null> {
  const row = await db.selectFrom("delivery").select("body").where("id", "=", id).executeTakeFirst();
  return row?.body ?? null;
}
