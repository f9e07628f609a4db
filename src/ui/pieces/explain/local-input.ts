/** An RFC 3339 time as a field of type datetime-local has it, by the reader's clock; nothing for nothing, or for what is no time. */
export function localInput(at: string): string {
  const ms = Date.parse(at);
  if (Number.isNaN(ms)) return "";
  const date = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 19);
}
