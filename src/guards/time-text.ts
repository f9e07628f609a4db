/** A moment for people: UTC, without milliseconds that are zero. */
export function timeText(atMs: number): string {
  const date = new Date(atMs);
  return Number.isNaN(date.getTime()) ? "an unknown time" : date.toISOString().replace(".000Z", "Z");
}
