import { Anchor } from "@mantine/core";
import { visibleText, Words } from "./words.tsx";

/** An address that somebody else wrote: a link where it leads to a page of the web, otherwise text. */
export function OuterLink({ text }: { readonly text: string }) {
  const address = webAddress(text);
  if (address === null) return <Words text={text} />;
  return (
    <Anchor
      href={address}
      target="_blank"
      rel="noopener noreferrer nofollow"
      inherit
      underline="always"
      title={`Leads out of Nightshift, to ${visibleText(new URL(address).host)}`}
    >
      <Words text={text} />
    </Anchor>
  );
}

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
