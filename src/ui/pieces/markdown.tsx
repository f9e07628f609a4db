import { lazy, Suspense } from "react";
import { Words } from "./words.tsx";

const Rendered = lazy(() =>
  import("./markdown-rendered.tsx").then(({ MarkdownRendered }) => ({ default: MarkdownRendered })),
);

/** Text of a runbook in Markdown; until what reads it has come, the text as it was written. */
export function Markdown({ text }: { readonly text: string }) {
  return (
    <Suspense
      fallback={
        <div className="description breaks">
          <Words text={text} />
        </div>
      }
    >
      <Rendered text={text} />
    </Suspense>
  );
}
