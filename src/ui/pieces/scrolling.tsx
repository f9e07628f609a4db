import type { ReactNode } from "react";

/** Wider or longer than its place, it scrolls by itself; with the keyboard, too. */
export function Scrolling({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    // What scrolls has to be reached by the keyboard (WCAG 2.1.1).
    <section className="scrolls" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}

/** Text exactly as it was written. */
export function Printed({ label, text }: { readonly label: string; readonly text: string }) {
  return (
    <pre className="log" aria-label={label} role="region" tabIndex={0}>
      {text}
    </pre>
  );
}
