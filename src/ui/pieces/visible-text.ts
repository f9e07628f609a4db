// oxlint-disable no-control-regex -- control characters are what is looked for
/** What would act on its surroundings instead of being read: control characters, and what turns the direction of writing. */
const UNSEEN =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** More signs on one letter than any language has reach over the lines above and below. */
const STACKED = /(\p{M}{4})\p{M}+/gu;

/** Text of others, with what cannot be seen written out: `\u202e`. */
export function visibleText(text: string): string {
  return text.replace(UNSEEN, writtenOut).replace(STACKED, "$1…");
}

/** One character as its code: `\u202e`. */
export function writtenOut(sign: string): string {
  return `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
