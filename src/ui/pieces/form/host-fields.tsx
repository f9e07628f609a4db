import { Autocomplete, TagsInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { ApiError } from "../../api/client.ts";
import { hosts, NOT_LIVE } from "../../api/queries.ts";
import type { Host } from "../../api/types.ts";
import { CHOICES } from "./choices.ts";
import type { CommonProps } from "./field.tsx";

/** Choices at once: whoever does not see theirs goes on typing. */
const CHOICES_MAX = 20;
const SETTLES_AFTER_MS = 200;
const HIDDEN = "You may not see the inventory: type the name in full.";

interface HostProps extends CommonProps {
  readonly placeholder: string | undefined;
  /** Matchers over labels that the host has to fit. */
  readonly within: string | undefined;
}

/** One host by its name. What is typed and not among the choices may be sent all the same: the service judges. */
export function HostField({
  within,
  value,
  ...common
}: HostProps & { readonly value: string; readonly onChange: (value: string) => void }) {
  const { found, note } = useHosts(value, within);
  return (
    <Autocomplete
      {...common}
      {...CHOICES}
      description={withNote(common.description, note)}
      placeholder={common.placeholder ?? "Type a part of its name"}
      value={value}
      data={namesOf(found)}
      filter={({ options }) => options}
      renderOption={({ option }) => <HostChoice name={option.value} found={found} />}
    />
  );
}

/** Several hosts, in the order in which they are named. */
export function HostsField({
  within,
  value,
  onChange,
  ...common
}: HostProps & { readonly value: string[]; readonly onChange: (value: string[]) => void }) {
  const [typed, setTyped] = useState("");
  const known = useHosts(typed, within);
  const found = known.found.filter(({ name }) => !value.includes(name));
  return (
    <TagsInput
      {...common}
      {...CHOICES}
      description={withNote(common.description, known.note)}
      onChange={(names) => onChange(singleNames(names))}
      placeholder={value.length === 0 ? (common.placeholder ?? "Type a part of a name") : undefined}
      value={value}
      searchValue={typed}
      onSearchChange={setTyped}
      data={namesOf(found)}
      filter={({ options }) => options}
      acceptValueOnBlur
      splitChars={[",", ";"]}
      renderOption={({ option }) => <HostChoice name={option.value} found={found} />}
    />
  );
}

function withNote(description: ReactNode, note: string | null): ReactNode {
  if (note === null) return description;
  return (
    <>
      {description} {note}
    </>
  );
}

/** Several names at once may be pasted; no name has a space or a comma in it. */
function singleNames(names: readonly string[]): string[] {
  return [...new Set(names.flatMap((name) => name.split(/[,;\s]+/)))].filter(Boolean);
}

/** The first hosts with these words that fit, as the service finds them; none for who may not see hosts. */
function useHosts(
  typed: string,
  within: string | undefined,
): { readonly found: readonly Host[]; readonly note: string | null } {
  const [text] = useDebouncedValue(typed.trim(), SETTLES_AFTER_MS);
  const query = new URLSearchParams({ limit: String(CHOICES_MAX) });
  if (text !== "") query.set("q", text.slice(0, 200));
  if (within !== undefined) query.set("filter", within);
  const { data, error } = useQuery({
    ...hosts(query.toString()),
    placeholderData: keepPreviousData,
    ...NOT_LIVE,
    staleTime: 30_000,
    retry: false,
  });
  const isHidden = error instanceof ApiError && error.status === 403;
  return { found: data?.items ?? [], note: isHidden ? HIDDEN : null };
}

function namesOf(found: readonly Host[]): string[] {
  return found.map(({ name }) => name);
}

/** The name, and by what it is told from others. */
function HostChoice({ name, found }: { readonly name: string; readonly found: readonly Host[] }) {
  const host = found.find((one) => one.name === name);
  const labels = Object.entries(host?.labels ?? {}).map(([label, value]) => `${label}=${value}`);
  return (
    <span className="breaks">
      {name} <span className="dim small">{labels.join(" ")}</span>
      {host === undefined || host.hold === null ? null : <span className="dim small"> · on hold</span>}
    </span>
  );
}
