// A process of its own that opens the SQLite file of a folder, and then does what it reads: "write" tries to store a delivery of
// 256 KiB and prints what came of it. Ends with its standard input.
import { createInterface } from "node:readline";
import { systemClock } from "../../src/platform/clock.ts";
import { insertDeliveries } from "../../src/store/deliveries.ts";
import { openStore } from "../../src/store/open.ts";
import { StoreUnavailableError } from "../../src/store/store.ts";
import { newDelivery } from "./rows.ts";

const store = await openStore({ folder: process.argv[2] ?? "", databaseUrl: null, clock: systemClock });
console.log("open");
for await (const line of createInterface({ input: process.stdin })) {
  if (line !== "write") continue;
  const delivery = newDelivery({ body: Buffer.alloc(256 * 1024, 1) });
  try {
    await store.transaction((tx) => insertDeliveries(tx, store.dialect, [delivery]));
    console.log("stored");
  } catch (error) {
    console.log(error instanceof StoreUnavailableError ? error.code : String(error));
  }
}
await store.close();
