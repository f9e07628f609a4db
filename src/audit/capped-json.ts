/** Of one text inside of a detail. */
const TEXT_CHARS_MAX = 500;
/** Of a whole detail: a row is read in lists. */
const DETAIL_CHARS_MAX = 4_096;

/** The JSON text of a detail: long texts are cut, and members that do not fit are left out, which `truncated` says. */
export function cappedJson(detail: Readonly<Record<string, unknown>>): string {
  const plain = JSON.stringify(detail);
  // Most are short: they are not gone through text by text.
  if (plain.length <= TEXT_CHARS_MAX) return plain;
  const whole = JSON.stringify(detail, cut);
  if (whole.length <= DETAIL_CHARS_MAX) return whole;
  const kept: Record<string, unknown> = { truncated: true };
  let chars = JSON.stringify(kept).length;
  for (const [name, value] of Object.entries(detail)) {
    const member = JSON.stringify({ [name]: value }, cut);
    if (chars + member.length > DETAIL_CHARS_MAX) continue;
    kept[name] = value;
    chars += member.length;
  }
  return JSON.stringify(kept, cut);
}

function cut(_name: string, value: unknown): unknown {
  return typeof value === "string" && value.length > TEXT_CHARS_MAX
    ? `${value.slice(0, TEXT_CHARS_MAX)}…`
    : value;
}
