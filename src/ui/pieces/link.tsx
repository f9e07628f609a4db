import { Anchor } from "@mantine/core";
import { createLink, type LinkComponent } from "@tanstack/react-router";
import { forwardRef } from "react";

const Styled = forwardRef<HTMLAnchorElement, React.ComponentProps<typeof Anchor<"a">>>((props, ref) => (
  <Anchor ref={ref} inherit underline="always" {...props} />
));
Styled.displayName = "Styled";

const Created = createLink(Styled);

/** A link to another page of ours. */
export const Link: LinkComponent<typeof Styled> = (props) => <Created preload={false} {...props} />;
