import { useDebouncedValue } from "@mantine/hooks";
import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { hosts, NOT_LIVE } from "../../api/queries.ts";
import type { Host, Input } from "../../api/types.ts";
import type { Shown } from "./conditions.ts";
import type { Values } from "./values.ts";

/** More hosts than a condition is likely to read the labels of. */
const HOSTS_MAX = 10;
const SETTLES_AFTER_MS = 300;

/**
 * The names of the inputs that apply to what is filled in; null until that can be told. The language comes only with a form that has a
 * condition; where it cannot be had, every input is shown.
 */
export function useShown(inputs: readonly Input[], values: Values): ReadonlySet<string> | null {
  const hasConditions = inputs.some((input) => input.show_if !== null);
  const { data: language, error } = useQuery({
    queryKey: ["conditions"],
    queryFn: () => import("./conditions.ts"),
    enabled: hasConditions,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const known = useNamedHosts(hasConditions ? inputs : NONE, values);
  const judge = useMemo<Shown | null>(() => {
    if (!hasConditions || error !== null) return () => new Set(inputs.map(({ name }) => name));
    return language === undefined ? null : language.shownOf(inputs);
  }, [hasConditions, error, language, inputs]);
  return useMemo(() => judge?.(values, known) ?? null, [judge, values, known]);
}

const NONE: readonly Input[] = [];

/** What is known of the hosts that the form names: conditions may read their labels. */
function useNamedHosts(inputs: readonly Input[], values: Values): ReadonlyMap<string, Host> {
  const named = inputs
    .filter(({ type }) => type === "host" || type === "hosts")
    .flatMap(({ name }): readonly string[] => {
      const value = values[name];
      return typeof value === "string" ? [value] : Array.isArray(value) ? value : [];
    });
  const [names] = useDebouncedValue(named.join(" "), SETTLES_AFTER_MS);
  return useQueries({
    queries: [...new Set(names.split(" "))]
      .filter(Boolean)
      .slice(0, HOSTS_MAX)
      .map((name) => ({
        ...hosts(new URLSearchParams({ q: name, limit: "20" }).toString()),
        ...NOT_LIVE,
        staleTime: 30_000,
        retry: false,
      })),
    combine: combineHosts,
  });
}

function combineHosts(
  results: readonly { readonly data?: { readonly items: readonly Host[] } | undefined }[],
): ReadonlyMap<string, Host> {
  return new Map(results.flatMap(({ data }) => data?.items ?? []).map((host) => [host.name, host]));
}
