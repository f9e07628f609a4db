import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

// What a page shows of what it could show (filters, what is opened) stands in its address as plain text, so that it can be sent to somebody else.

export type Query = Readonly<Record<string, string | undefined>>;

export function queryFrom(search: string): Query {
  return Object.fromEntries(new URLSearchParams(search));
}

/** `?status=failed&runbook=x`, or nothing. What is empty is left out. */
export function addressFrom(query: Readonly<Record<string, unknown>>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (typeof value === "string" && value !== "") parameters.set(name, value);
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}

/** The query of the page's address, and a way to change a part of it; `null` takes a parameter away. What was there can be gone back to only with `push`. */
export function useAddress(): readonly [
  Query,
  (change: Readonly<Record<string, string | null>>, how?: "push" | "replace") => void,
] {
  const query: Query = useSearch({ strict: false });
  const navigate = useNavigate();
  const change = useCallback(
    (changes: Readonly<Record<string, string | null>>, how: "push" | "replace" = "replace") => {
      void navigate({
        to: ".",
        search: (before: Query) =>
          Object.fromEntries(
            Object.entries({ ...before, ...changes }).filter(
              (entry): entry is [string, string] => typeof entry[1] === "string" && entry[1] !== "",
            ),
          ),
        replace: how === "replace",
        resetScroll: false,
      });
    },
    [navigate],
  );
  return [query, change];
}
