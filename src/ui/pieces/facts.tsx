import type { ReactNode } from "react";
import { Words } from "./words.tsx";

/** Names and values, one below the other. Values are text: nothing in them is read as markup. */
export function Facts({ facts }: { readonly facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="facts">
      {facts
        .filter(([, value]) => value !== null && value !== undefined && value !== "")
        .map(([name, value]) => (
          <div key={name}>
            <dt>
              <Words text={name} />
            </dt>
            <dd>{typeof value === "string" ? <Words text={value} /> : value}</dd>
          </div>
        ))}
    </dl>
  );
}

export function valueText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
