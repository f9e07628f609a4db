import { expect, test } from "vitest";
import { insertDeliveries, readDeliveryBody } from "../../src/store/deliveries.ts";
import { newDelivery } from "./rows.ts";
import { describeStores } from "./stores.ts";

const BODIES: readonly [string, Buffer][] = [
  ["NUL bytes", Buffer.from('{"a":"\0"}\0')],
  ["bytes that are no UTF-8", Buffer.from([0xc3, 0x28, 0xff, 0x00, 0xfe])],
  ["nothing", Buffer.alloc(0)],
  ["2 MiB of every byte", Buffer.from(Array.from({ length: 2 ** 21 }, (_, index) => index % 256))],
];

describeStores("deliveries", ({ store, dialect }) => {
  test.each(BODIES)("gives back a body of %s byte by byte", async (_name, body) => {
    const delivery = newDelivery({ body });
    await store().transaction((tx) => insertDeliveries(tx, dialect, [delivery]));
    const read = await readDeliveryBody(store().reader, delivery.id);
    expect(read === null ? null : Buffer.from(read).equals(body)).toBe(true);
  });

  test("has no body for a delivery that only repeats, nor for one it does not know", async () => {
    const delivery = newDelivery({ body: null });
    await store().transaction((tx) => insertDeliveries(tx, dialect, [delivery]));
    expect(await readDeliveryBody(store().reader, delivery.id)).toBe(null);
    expect(await readDeliveryBody(store().reader, newDelivery().id)).toBe(null);
  });

  test("stores many at once, with and without bodies", async () => {
    const deliveries = Array.from({ length: 1_000 }, (_, index) =>
      newDelivery({ body: index % 2 === 0 ? null : Buffer.from([index % 256]), alerts: index }),
    );
    await store().transaction((tx) => insertDeliveries(tx, dialect, deliveries));
    const rows = await store()
      .reader.selectFrom("delivery")
      .select(["id", "alerts", "body"])
      .orderBy("id")
      .execute();
    expect(rows.map((row) => row.id)).toEqual(deliveries.map((delivery) => delivery.id));
    expect(rows.map((row) => row.alerts)).toEqual(deliveries.map((delivery) => delivery.alerts));
    expect(rows.map((row) => row.body?.[0] ?? null)).toEqual(
      deliveries.map((delivery) => delivery.body?.[0] ?? null),
    );
  });

  test("keeps odd texts that a sender chose", async () => {
    const delivery = newDelivery({ receiver: "a\0b \ud800 c", externalUrl: "http://[::1]/\u0000" });
    await store().transaction((tx) => insertDeliveries(tx, dialect, [delivery]));
    const row = await store()
      .reader.selectFrom("delivery")
      .select(["receiver", "external_url"])
      .where("id", "=", delivery.id)
      .executeTakeFirstOrThrow();
    // U+0000 is kept where the database can.
    expect(row.receiver?.replace("\0", "\ufffd")).toBe("a\ufffdb \ufffd c");
    expect(row.external_url?.replace("\0", "\ufffd")).toBe("http://[::1]/\ufffd");
  });
});
