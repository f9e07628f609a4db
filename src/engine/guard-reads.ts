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
  readonly #store: Pick<Store, "dialect" | "nowMs">;
  readonly #isTimeAsked: boolean;
  #nowMs: number;
  #isLocked = false;
  #pauses: Promise<readonly Pause[]> | null = null;
  #holds: Promise<readonly HostHold[]> | null = null;

  /** `isTimeAsked`: somebody wants to know what is at `nowMs`, which is not now. */
  constructor(
    tx: Tx,
    store: Pick<Store, "dialect" | "nowMs">,
    catalog: Catalog,
    nowMs: number,
    isTimeAsked = false,
  ) {
    this.tx = tx;
    this.#isTimeAsked = isTimeAsked;
    this.#store = store;
    this.catalog = catalog;
    this.#nowMs = nowMs;
  }

  /** The time that is judged by. It goes on once, in `lock`. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /**
   * Before the first count, and before the rows of groups and runs are locked: from here on nobody else counts until this
   * transaction ends. Whoever was waited for may have begun and ended something meanwhile, so that it is later now, and
   * what people stopped is read anew: first that, then the time, so that no pause that ended later is passed over.
   */
  async lock(): Promise<void> {
    if (this.#isLocked) return;
    this.#isLocked = true;
    if (this.#store.dialect === "sqlite") return;
    await lockGuards(this.tx, this.#store.dialect);
    this.#holds = null;
    const pauses = await listActivePauses(this.tx, this.#nowMs);
    this.#pauses = Promise.resolve(pauses);
    if (!this.#isTimeAsked) this.#nowMs = await this.#store.nowMs(this.tx);
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
