import type { RoomFacts } from "../../archive/archive-room.ts";
import type { BallastState } from "../../platform/ballast.ts";
import { formatBytes } from "../../platform/bytes.ts";
import type { DiskFacts } from "../../platform/disk.ts";
import { DISK_FULL_TEXT } from "../../platform/no-room.ts";
import { type Html, html } from "./html.ts";

const BALLAST: Readonly<Record<BallastState, string>> = {
  held: "held",
  given_up: "given up, so that what is under way can be recorded",
  missing: "not there: no room for it yet",
  off: "none is wanted",
};

/** What whoever opens the page must know first; nothing while all is well. */
export function diskWarning({ isFull }: DiskFacts): Html | null {
  if (!isFull) return null;
  return html`<p role="alert"><strong>Deliveries are refused: ${DISK_FULL_TEXT}.</strong> Runs under way go on, with little of their evidence.</p>`;
}

export function storageContent({ freeBytes, ballast }: DiskFacts, room: RoomFacts): Html {
  const size = (bytes: number | null) => (bytes === null ? "not known yet" : formatBytes(bytes));
  const held = ballast.state === "off" ? "" : `${formatBytes(ballast.bytes)}, `;
  return html`<dl>
<dt>Free on the disk</dt><dd>${size(freeBytes)}</dd>
<dt>Ballast</dt><dd>${held}${BALLAST[ballast.state]}</dd>
<dt>Archive</dt><dd>${size(room.archiveBytes)}</dd>
<dt>Over its aim</dt><dd>${size(room.spoolBytes)} of ${size(room.spoolBytesMax)}</dd></dl>`;
}
