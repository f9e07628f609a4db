/** Where a login leads back to: a path of ours, or the first page. Another site must not be able to say where. */
export function returnPath(text: unknown): string {
  if (typeof text !== "string" || text.length > 2_000) return "/";
  // A browser reads a backslash as a slash, and two of them as another host.
  if (!/^\/(?![/\\])[\x21-\x7e]*$/.test(text) || text.includes("\\")) return "/";
  return /^\/(login|logout|setup)(\/|\?|$)/.test(text) ? "/" : text;
}
