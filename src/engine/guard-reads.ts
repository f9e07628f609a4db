import type { Catalog } from "../catalog/catalog.ts";
import type { HostHold, Pause } from "../runs/guard-records.ts";
import { lockGuards } from "../store/guard-facts.ts";
import { listActiveHolds } from "../store/host-holds.ts";
import { listActivePauses } from "../store/pauses.ts";
import type { Store, Tx } from "../store/store.ts";

/** What guards are judged with inside one transaction: each fact about people's stops is read once. */
export class GuardReads {
  readonly tx: Tx;
  readonly catalog: Catalog;
  readonly nowMs: number;
  readonly #dialect: Store["dialect"];
  #isLocked = false;
  #pauses: Promise<readonly Pause[]> | null = null;
  #holds: Promise<readonly HostHold[]> | null = null;

  constructor(tx: Tx, dialect: Store["dialect"], catalog: Catalog, nowMs: number) {
    this.tx = tx;
    this.#dialect = dialect;
    this.catalog = catalog;
    this.nowMs = nowMs;
  }

  /** Before the first count: from here on nobody else counts until this transaction ends. */
  async lock(): Promise<void> {
    if (this.#isLocked) return;
    this.#isLocked = true;
    await lockGuards(this.tx, this.#dialect);
  }

  pauses(): Promise<readonly Pause[]> {
    this.#pauses ??= listActivePauses(this.tx, this.nowMs);
    return this.#pauses;
  }

  holds(): Promise<readonly HostHold[]> {
    this.#holds ??= listActiveHolds(this.tx, this.nowMs);
    return this.#holds;
  }
}
