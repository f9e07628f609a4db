import { formatBytes } from "../platform/bytes.ts";
import { type DiskState, ROOMY_DISK } from "../platform/disk.ts";
import { DISK_FULL_TEXT, isDiskFull, NoRoomError, type NoRoomReason } from "../platform/no-room.ts";

/**
 * What is written. `evidence`: gathered by runs, and the first thing to be left out. `essential`: the short form of a log, a
 * bundle; these are bounded by what was gathered, and are written as long as the disk can hold them.
 */
export type WrittenKind = "evidence" | "essential";

/** Where whoever writes into the archive asks first. */
export interface ArchiveRoom {
  readonly isDiskFull: boolean;
  /** Throws {@link NoRoomError} when so much more may not be written. */
  take(bytes: number, kind: WrittenKind): void;
  /** So much of what was taken was removed again. */
  give(bytes: number): void;
  /** So much of what was taken has its place in the archive now. */
  keep(bytes: number): void;
  /** What to throw instead of an error of the file system: a full disk is told to whoever watches it, and gets a clear message. */
  explain(error: unknown): unknown;
}

export interface RoomOptions {
  readonly disk: Pick<DiskState, "isFull" | "reportFull">;
  /** What retention brings the archive down to, as configured now. */
  readonly aimedBytes: () => number;
  /** How far it may be over that, until retention comes. */
  readonly spoolBytesMax: number;
  /** Of essential files, while the disk is full. */
  readonly fullBytesMax: number;
  /** Told whenever evidence is left out or cut short. */
  readonly onRefused: (because: NoRoomReason) => void;
  readonly onChange: (facts: RoomFacts) => void;
}

export interface RoomFacts {
  /** Null until retention has counted them after a start. */
  readonly archiveBytes: number | null;
  readonly spoolBytes: number;
  readonly spoolBytesMax: number;
}

/** Keeps account of the archive on this node. */
export class ArchiveAccount implements ArchiveRoom {
  readonly #options: RoomOptions;
  #countedBytes: number | null = null;
  /** That got their place in the archive since it was counted. */
  #writtenBytes = 0;
  /** Of files that are being written, and of those that nobody keeps. */
  #openBytes = 0;
  #essentialBytes = 0;
  #onCrowded: () => void = () => {};

  constructor(options: RoomOptions) {
    this.#options = options;
  }

  /** Called at each write while more than half of the spool is used, and at each refusal: time for retention to come. */
  whenCrowded(call: () => void): void {
    this.#onCrowded = call;
  }

  get isDiskFull(): boolean {
    return this.#options.disk.isFull;
  }

  /** Of evidence. */
  leftBytes(): number {
    return this.isDiskFull ? 0 : Math.max(0, this.#bytesMax() - this.#bytes());
  }

  /** Why no evidence can be taken in, or less than was asked for. */
  whyFull(): string {
    return this.#refuse().message;
  }

  facts(): RoomFacts {
    const { spoolBytesMax } = this.#options;
    const archiveBytes = this.#countedBytes === null ? null : this.#bytes();
    return { archiveBytes, spoolBytes: this.#spoolBytes(), spoolBytesMax };
  }

  take(bytes: number, kind: WrittenKind): void {
    if (this.isDiskFull) {
      if (kind === "evidence" || this.#essentialBytes + bytes > this.#options.fullBytesMax)
        throw this.#refuse();
      this.#essentialBytes += bytes;
    } else {
      this.#essentialBytes = 0;
      if (kind === "evidence" && bytes > this.leftBytes()) throw this.#refuse();
    }
    this.#openBytes += bytes;
    this.#changed();
    if (bytes > 0 && this.#spoolBytes() > this.#options.spoolBytesMax / 2) this.#onCrowded();
  }

  give(bytes: number): void {
    this.#essentialBytes = Math.max(0, this.#essentialBytes - bytes);
    this.#openBytes -= bytes;
    this.#changed();
  }

  keep(bytes: number): void {
    this.#openBytes -= bytes;
    this.#writtenBytes += bytes;
  }

  explain(error: unknown): unknown {
    if (!isDiskFull(error)) return error;
    this.#options.disk.reportFull(error);
    this.#options.onRefused("disk-full");
    return new NoRoomError("disk-full", DISK_FULL_TEXT, error);
  }

  /** Before the archive is counted; the result is to be called with the bytes that are left of those that were counted. */
  beginCount(): (archiveBytes: number) => void {
    const before = this.#writtenBytes;
    return (archiveBytes) => {
      this.#countedBytes = archiveBytes;
      this.#writtenBytes -= before;
      this.#changed();
    };
  }

  #changed(): void {
    this.#options.onChange(this.facts());
  }

  #bytes(): number {
    return (this.#countedBytes ?? 0) + this.#writtenBytes + this.#openBytes;
  }

  #spoolBytes(): number {
    return Math.max(0, this.#bytes() - this.#options.aimedBytes());
  }

  #bytesMax(): number {
    return this.#options.aimedBytes() + this.#options.spoolBytesMax;
  }

  #refuse(): NoRoomError {
    const refusal = this.#refusal();
    this.#options.onRefused(refusal.code);
    this.#onCrowded();
    return refusal;
  }

  #refusal(): NoRoomError {
    if (this.isDiskFull) return new NoRoomError("disk-full", DISK_FULL_TEXT);
    const limit = formatBytes(this.#bytesMax());
    return new NoRoomError(
      "archive-full",
      `the archive may have no more than ${limit} (retention.max_bytes and limits.spool_bytes); unpin runs, or raise one of them`,
    );
  }
}

/** For engines without an archive of their own. */
export function endlessAccount(): ArchiveAccount {
  return new ArchiveAccount({
    disk: ROOMY_DISK,
    aimedBytes: () => Number.POSITIVE_INFINITY,
    spoolBytesMax: Number.POSITIVE_INFINITY,
    fullBytesMax: 0,
    onRefused: () => {},
    onChange: () => {},
  });
}

/** For archives that nothing bounds: those of tests and simulations, and of commands that read one. */
export const ENDLESS_ROOM: ArchiveRoom = {
  isDiskFull: false,
  take: () => {},
  give: () => {},
  keep: () => {},
  explain: (error) => (isDiskFull(error) ? new NoRoomError("disk-full", DISK_FULL_TEXT, error) : error),
};
