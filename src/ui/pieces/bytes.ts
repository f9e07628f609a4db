/** `12.3 MiB`; null is what is not known yet. */
export function bytesText(bytes: number | null): string {
  if (bytes === null) return "not known yet";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, bytes === 0 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
