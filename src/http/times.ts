/** RFC 3339 in UTC, as the API and the pages show times; null stays null. */
export function rfc3339(atMs: number): string;
export function rfc3339(atMs: number | null): string | null;
export function rfc3339(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}
