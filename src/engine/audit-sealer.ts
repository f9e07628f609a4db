import { type ChainHead, linkAll } from "../audit/chain.ts";
import { type Checkpoint, signCheckpoint } from "../audit/checkpoint.ts";
import { BackgroundTasks } from "../platform/background-tasks.ts";
import {
  findUnlinked,
  hasUnlinked,
  linkRows,
  lockChain,
  readCut,
  readHashAt,
  readHead,
} from "../store/audit-chain.ts";
import type { Reader } from "../store/store.ts";
import type { EngineDependencies } from "./dependencies.ts";

/** Records are linked within a second of their commit. */
const EVERY_MS = 500;
/** Records of one transaction: about 20 ms, for which nobody else writes. */
const ROWS_MAX = 1_000;
/** What the file has at once, the log has at least so often: it is kept elsewhere, but a line a second would hide the others. */
const LOG_EVERY_MS = 60_000;
const AFTER_ERROR_MS = 5_000;

type SealerDependencies = Pick<
  EngineDependencies,
  "store" | "auditKeys" | "auditCheckpoints" | "clock" | "log"
>;

/** Links what was written into the audit log, in order, and says outside of the database what the log has come to. */
export class AuditSealer {
  readonly #dependencies: SealerDependencies;
  readonly #tasks = new BackgroundTasks();
  readonly #stopped = new AbortController();
  /** The newest checkpoint that the log has not been told of yet. */
  #untold: Checkpoint | null = null;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  /** What the chain had come to when this node last looked. */
  #known: ChainHead | null = null;
  #isWarned = false;

  constructor(dependencies: SealerDependencies) {
    this.#dependencies = dependencies;
  }

  /** Links what an earlier start has left, after a look at whether the log still is what its last checkpoint says. */
  async start(): Promise<void> {
    const { auditCheckpoints, log } = this.#dependencies;
    const last = await auditCheckpoints.readLast();
    if (last !== null) this.#known = { sequence: last.sequence, hash: last.head };
    this.#tasks.track(this.#loop(), (error) =>
      log.error({ error }, "the audit log's sealer ended; this is a bug"),
    );
  }

  /** Links what is there. Nothing may write any more. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#tasks.settled();
    try {
      await this.seal();
      this.#tell(true);
    } catch (error) {
      this.#dependencies.log.error(
        { error },
        "the last records of the audit log are linked at the next start",
      );
    }
  }

  /** Resolves with the number of records that were linked, once they are and a checkpoint of them is durable. */
  async seal(): Promise<number> {
    const { store, auditCheckpoints } = this.#dependencies;
    if (!(await hasUnlinked(store.reader))) return 0;
    let linked = 0;
    let last: Checkpoint | null = null;
    for (let count = ROWS_MAX; count === ROWS_MAX; linked += count) {
      const round = await this.#sealOnce();
      count = round?.count ?? 0;
      last = round?.checkpoint ?? last;
    }
    if (last === null) return 0;
    await auditCheckpoints.append(last);
    this.#untold = last;
    return linked;
  }

  async #sealOnce(): Promise<{ readonly count: number; readonly checkpoint: Checkpoint } | null> {
    const { store, auditKeys } = this.#dependencies;
    const sealed = await store.transaction(async (tx) => {
      await lockChain(tx, store.dialect);
      const rows = await findUnlinked(tx, ROWS_MAX);
      if (rows.length === 0) return null;
      await this.#lookBack(tx);
      const links = linkAll(auditKeys, await readHead(tx), rows);
      await linkRows(tx, store.dialect, links);
      const head = links.at(-1);
      if (head === undefined) return null;
      const cut = await readCut(tx);
      const before = cut === null || cut === "missing" ? 0 : cut.sequence;
      const atMs = await store.nowMs(tx);
      const checkpoint = signCheckpoint(auditKeys, head, head.sequence - before, atMs);
      return { count: links.length, head, checkpoint };
    });
    if (sealed !== null) this.#known = sealed.head;
    return sealed;
  }

  /** Whether the log still has what it had. It is linked all the same: `nightshift audit verify` shows what was done to it. */
  async #lookBack(db: Reader): Promise<void> {
    const known = this.#known;
    if (known === null || this.#isWarned) return;
    const cut = await readCut(db);
    if (cut !== null && cut !== "missing" && cut.sequence >= known.sequence) return;
    if ((await readHashAt(db, known.sequence)) === known.hash) return;
    this.#isWarned = true;
    this.#dependencies.log.error(
      { sequence: known.sequence },
      "the audit log does not have the records any more that it had; look with: nightshift audit verify",
    );
  }

  /** Says what the log has come to, at most once a minute, and at the end. */
  #tell(isLast: boolean): void {
    const { clock, log } = this.#dependencies;
    const nowMs = clock.nowMs();
    if (this.#untold === null || (!isLast && nowMs - this.#toldAtMs < LOG_EVERY_MS)) return;
    log.info(this.#untold, "audit checkpoint");
    this.#untold = null;
    this.#toldAtMs = nowMs;
  }

  async #loop(): Promise<void> {
    const { clock, log } = this.#dependencies;
    while (!this.#stopped.signal.aborted) {
      let waitMs = EVERY_MS;
      try {
        await this.seal();
        this.#tell(false);
      } catch (error) {
        log.error({ error }, "the audit log could not be linked; trying again");
        waitMs = AFTER_ERROR_MS;
      }
      await clock.sleep(waitMs, this.#stopped.signal).catch(() => {});
    }
  }
}
