const FACTORS = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 } as const;
type Unit = keyof typeof FACTORS;

/** Bytes of a size such as `16MiB` or `4096B`, undefined when the text is none. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+)(B|KiB|MiB|GiB|TiB)$/.exec(text);
  if (match === null) return undefined;
  const bytes = Number(match[1]) * FACTORS[match[2] as Unit];
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** A size for people: 1536 is `1.5 KiB`. */
export function formatBytes(bytes: number): string {
  const units = Object.keys(FACTORS) as Unit[];
  const unit = units.findLast((candidate) => bytes >= FACTORS[candidate]) ?? "B";
  const value = bytes / FACTORS[unit];
  return `${unit === "B" ? value : value.toFixed(1)} ${unit}`;
}
