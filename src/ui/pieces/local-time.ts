// What fields of type datetime-local hold: a time of the reader's clock, without a zone.

/** `2026-11-26T09:00:00` of the reader's clock, from RFC 3339; undefined for what is no time. */
export function localInput(at: string): string | undefined {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return undefined;
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

/** RFC 3339 in UTC of a time of the reader's clock; what is no time stays as it is, for the service to say so. */
export function utcOf(local: string): string {
  const date = new Date(local);
  return Number.isNaN(date.getTime()) ? local : date.toISOString();
}
