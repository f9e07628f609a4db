/** Why there is no room: the disk is full, or the archive has reached the size that it may have. */
export type NoRoomReason = "disk-full" | "archive-full";

/** Something was not written, because there is no room for it. Its message is for people; a later try may find room. */
export class NoRoomError extends Error {
  override readonly name = "NoRoomError";
  readonly code: NoRoomReason;

  constructor(code: NoRoomReason, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

export const DISK_FULL_TEXT = "the disk is full; free some space on the disk of storage.path";

/** What the system says of a full disk, and of a user or a project that has used up its quota there. */
const CODES: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT"]);

export function isDiskFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && CODES.has(error.code);
}
