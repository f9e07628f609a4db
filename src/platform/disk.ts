import { mkdirSync, statfsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { BackgroundTasks } from "./background-tasks.ts";
import { Ballast, type BallastState } from "./ballast.ts";
import { formatBytes } from "./bytes.ts";
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { DISK_FULL_TEXT, isDiskFull, NoRoomError } from "./no-room.ts";

/** What others ask of the disk that everything is kept on, and tell of it. */
export interface DiskState {
  /** Deliveries are refused, and of evidence next to nothing is kept. */
  readonly isFull: boolean;
  /** While the disk is full: whether so much is left of the ballast's room that runs may still begin. */
  readonly hasRoomForRuns: boolean;
  /** Something could not be written for want of room. Gives up the ballast at once, so that a second try may go through. */
  reportFull(error: unknown): void;
  facts(): DiskFacts;
}

/** For what has no disk of its own to look after. */
export const ROOMY_DISK: DiskState = {
  isFull: false,
  hasRoomForRuns: true,
  reportFull: () => {},
  facts: () => ({ freeBytes: null, isFull: false, ballast: { state: "off", bytes: 0 } }),
};

/** Writes, and where the disk is full once more in the room that the ballast leaves. Throws NoRoomError. `work` may be done twice. */
export async function writeWithRoom<Result>(disk: DiskState, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    disk.reportFull(error);
  }
  try {
    return await work();
  } catch (error) {
    throw isDiskFull(error) ? new NoRoomError("disk-full", DISK_FULL_TEXT, error) : error;
  }
}

/** For people, at one moment. */
export interface DiskFacts {
  /** Null where the file system does not say. */
  readonly freeBytes: number | null;
  readonly isFull: boolean;
  readonly ballast: { readonly state: BallastState; readonly bytes: number };
}

export interface DiskOptions {
  readonly folder: string;
  /** 0: none. */
  readonly ballastBytes: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface DiskListeners {
  /** Whether the database takes a write: the disk is not taken for well before it did. */
  readonly probe: () => Promise<boolean>;
  readonly onFull: () => void;
}

/** Less than this is as good as nothing: a commit of many alerts needs as much. */
const LOW_BYTES = 4 * 1024 ** 2;
/** Beside the ballast, before deliveries are taken in again: so that they do not fill the disk at once. */
const ROOM_BYTES = 16 * 1024 ** 2;
const LOOK_EVERY_MS = 1_000;
/** After a start there is more urgent work than to make the ballast. */
const FIRST_BALLAST_MS = 5_000;
/** Nothing was refused for so long, before the disk is taken for well again. */
const SETTLED_MS = 3_000;

/** Watches the disk of one folder, and holds the ballast on it. */
export class Disk implements DiskState {
  readonly #options: DiskOptions;
  readonly #ballast: Ballast;
  readonly #tasks = new BackgroundTasks();
  readonly #stopped = new AbortController();
  readonly #openedMs: number;
  #listeners: DiskListeners | null = null;
  #freeBytes: number | null;
  #isFull = false;
  #lastReportMs = Number.NEGATIVE_INFINITY;
  #saidMissing = false;

  /** Makes the folder. On a disk that is full already the ballast is given up here: opening the database needs room. */
  constructor(options: DiskOptions) {
    this.#options = options;
    this.#openedMs = options.clock.monotonicMs();
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    this.#ballast = new Ballast(options.folder, options.ballastBytes);
    this.#freeBytes = freeOf(statfsSync(options.folder));
    if (this.#isLow()) this.#becomeFull(null);
    this.#show();
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  get hasRoomForRuns(): boolean {
    return !this.#isFull || this.#freeBytes === null || this.#freeBytes >= this.#ballast.bytes / 2;
  }

  facts(): DiskFacts {
    const { state, bytes } = this.#ballast;
    return { freeBytes: this.#freeBytes, isFull: this.#isFull, ballast: { state, bytes } };
  }

  reportFull(error: unknown): void {
    this.#lastReportMs = this.#options.clock.monotonicMs();
    if (!this.#isFull) this.#becomeFull(error);
  }

  /** Looks from now on, every second, until {@link stop}. */
  start(listeners: DiskListeners): void {
    this.#listeners = listeners;
    if (this.#isFull) listeners.onFull();
    this.#tasks.track(this.#watch(), (error) =>
      this.#options.log.error({ error }, "the watch of the disk ended; this is a bug"),
    );
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#tasks.settled();
  }

  async #watch(): Promise<void> {
    const { clock, log } = this.#options;
    while (!this.#stopped.signal.aborted) {
      await this.#look().catch((error: unknown) => log.warn({ error }, "the disk could not be looked at"));
      await clock.sleep(LOOK_EVERY_MS, this.#stopped.signal).catch(() => {});
    }
  }

  async #look(): Promise<void> {
    const { clock, folder } = this.#options;
    this.#freeBytes = freeOf(await statfs(folder));
    const nowMs = clock.monotonicMs();
    if (this.#isFull) {
      if (nowMs - this.#lastReportMs >= SETTLED_MS) await this.#tryToRecover();
    } else if (this.#isLow()) this.#becomeFull(null);
    else if (this.#ballast.state === "missing" && nowMs - this.#openedMs >= FIRST_BALLAST_MS)
      await this.#makeFirst();
    this.#show();
  }

  async #tryToRecover(): Promise<void> {
    const { log } = this.#options;
    if (this.#freeBytes !== null && this.#freeBytes < this.#ballast.bytes + ROOM_BYTES) return;
    const isMade = await this.#ballast.make().catch(() => false);
    if (!isMade || !((await this.#listeners?.probe()) ?? true)) return this.#ballast.giveUp();
    this.#isFull = false;
    log.info({ freeBytes: this.#freeBytes }, "there is room on the disk again: deliveries are taken in");
  }

  async #makeFirst(): Promise<void> {
    const { log } = this.#options;
    const hasRoom = this.#freeBytes === null || this.#freeBytes >= this.#ballast.bytes + ROOM_BYTES;
    if (hasRoom && (await this.#ballast.make().catch(() => false))) return;
    if (!this.#saidMissing)
      log.warn(
        { freeBytes: this.#freeBytes, ballastBytes: this.#ballast.bytes },
        "there is no room for the ballast, so a full disk may leave outcomes unrecorded; free some space, or lower storage.ballast",
      );
    this.#saidMissing = true;
  }

  #isLow(): boolean {
    return this.#freeBytes !== null && this.#freeBytes < LOW_BYTES;
  }

  #becomeFull(error: unknown): void {
    const { log, folder } = this.#options;
    const held = this.#ballast.state === "held";
    this.#isFull = true;
    this.#ballast.giveUp();
    this.#show();
    const { bytes } = this.#ballast;
    log.error(
      {
        folder,
        ballast: held ? `gave up ${formatBytes(bytes)}` : this.#ballast.state,
        ...(error === null ? {} : { error }),
      },
      `${DISK_FULL_TEXT}: until then deliveries are answered 503 and evidence is left out. retention.max_bytes and ` +
        "retention.artifacts say how much is kept; after a reload with less, `nightshift admin gc` removes the rest at once",
    );
    this.#listeners?.onFull();
  }

  #show(): void {
    const { metrics } = this.#options;
    if (this.#freeBytes !== null) metrics.diskFreeBytes.set(this.#freeBytes);
    metrics.diskFull.set(this.#isFull ? 1 : 0);
    metrics.ballastBytes.set(this.#ballast.state === "held" ? this.#ballast.bytes : 0);
  }
}

/** For others than root. Null where the file system tells nothing of its size. */
function freeOf({ blocks, bavail, bsize }: { blocks: number; bavail: number; bsize: number }): number | null {
  return blocks === 0 ? null : bavail * bsize;
}
