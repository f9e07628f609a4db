import { Anchor } from "@mantine/core";
import ReactMarkdown, { type Components } from "react-markdown";
import styles from "./markdown.module.css";
import { visibleText } from "./visible-text.ts";

/** Below the title of the page and of its parts. */
const COMPONENTS: Components = {
  h1: ({ children }) => <h3>{children}</h3>,
  h2: ({ children }) => <h3>{children}</h3>,
  h3: ({ children }) => <h4>{children}</h4>,
  h4: ({ children }) => <h4>{children}</h4>,
  h5: ({ children }) => <h5>{children}</h5>,
  h6: ({ children }) => <h6>{children}</h6>,
  a: ({ href, children }) =>
    href === undefined || href === "" ? (
      <span>{children}</span>
    ) : (
      <Anchor href={href} inherit underline="always" rel="noreferrer noopener">
        {children}
      </Anchor>
    ),
  // Nothing is loaded from elsewhere: what it would show is said.
  img: ({ alt }) => <span>{alt}</span>,
};

/** Elements made from Markdown. HTML in it stays text, and a link leads only to http, https, mailto and pages of ours. */
export function MarkdownRendered({ text }: { readonly text: string }) {
  return (
    <div className={`${styles["markdown"]} breaks`}>
      <ReactMarkdown components={COMPONENTS}>{visibleText(text)}</ReactMarkdown>
    </div>
  );
}
