import { Anchor } from "@mantine/core";
import { webAddress } from "./web-address.ts";
import { visibleText } from "./visible-text.ts";
import { Words } from "./words.tsx";

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
