import type { ReactNode } from "react";

/** What a list is narrowed by: side by side where there is room, two in a row on a phone. */
export function Filters({ children }: { readonly children: ReactNode }) {
  return (
    <search className="filters" aria-label="Filter">
      {children}
    </search>
  );
}
