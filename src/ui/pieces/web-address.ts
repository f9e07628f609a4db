/** Null for all but http and https: other addresses could do something here. */
export function webAddress(text: string): string | null {
  if (!/^https?:\/\//i.test(text) || text.length > ADDRESS_CHARS_MAX) return null;
  try {
    const { protocol, href, username } = new URL(text);
    const isWeb = protocol === "http:" || protocol === "https:";
    // What stands before an @ looks like a host and is none.
    return isWeb && username === "" ? href : null;
  } catch {
    return null;
  }
}

const ADDRESS_CHARS_MAX = 8_000;
