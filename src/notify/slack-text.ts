// Text from outside in Slack's mrkdwn (docs.slack.dev/messaging/formatting-message-text): the three characters that begin links,
// mentions and entities are escaped, so that a label such as `<!channel>` calls nobody.

/** Of the text of one section block (docs.slack.dev/reference/block-kit/blocks/section-block). */
export const SECTION_CHARS_MAX = 3_000;
const TITLE_CHARS_MAX = 300;

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
]);

/** Escaped, and no longer than so many characters afterwards; what is cut ends with an ellipsis, never inside an entity. */
export function escapeMrkdwn(text: string, charsMax: number): string {
  const pieces = Array.from(text.toWellFormed(), (character) => ENTITIES.get(character) ?? character);
  let escaped = "";
  for (const [index, piece] of pieces.entries()) {
    const isLast = index === pieces.length - 1;
    if (escaped.length + piece.length > charsMax - (isLast ? 0 : 1)) return `${escaped}…`;
    escaped += piece;
  }
  return escaped;
}

/** What a message says: `text` is what notifications and screen readers get, `blocks` what is shown. */
export function messageOf(notice: { readonly title: string; readonly text: string; readonly url: string }) {
  const title = escapeMrkdwn(notice.title.replaceAll(/\s+/g, " ").trim(), TITLE_CHARS_MAX);
  const section = (text: string) => ({ type: "section", text: { type: "mrkdwn", text, verbatim: true } });
  // A section without text is refused.
  const text = escapeMrkdwn(notice.text.trim() === "" ? notice.title : notice.text, SECTION_CHARS_MAX);
  return {
    text: title,
    blocks: [section(`*${title}*`), section(text), section(linkTo(notice.url))],
    unfurl_links: false,
    unfurl_media: false,
  };
}

/** `|` would end the address, and what follows be its label. */
function linkTo(url: string): string {
  return `<${escapeMrkdwn(url.replaceAll("|", "%7C"), SECTION_CHARS_MAX - 20)}|Open in Nightshift>`;
}
