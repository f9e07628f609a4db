import { Button, Group, NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useAddress } from "../address.ts";
import { runbooks } from "../api/queries.ts";
import type { Runbook } from "../api/types.ts";
import { Answer, Empty } from "../pieces/answer.tsx";
import { FilterField } from "../pieces/filter-field.tsx";
import { Page, Section } from "../pieces/page.tsx";
import styles from "../pieces/runbook/search.module.css";
import { RunbooksTable } from "../pieces/runbook/table.tsx";

/** Rows at once: a longer list is narrowed, or shown when it is asked for. */
const SHOWN_MAX = 100;
const MINE = "mine";

/** The catalogue: everything that one may see, narrowed by words, tag and owner. What is searched stands in the address. */
export function RunbooksPage() {
  const query = useQuery(runbooks());
  return (
    <Page title="Runbooks">
      <Answer query={query} lines={12}>
        {(items) => <Catalogue items={items} />}
      </Answer>
    </Page>
  );
}

function Catalogue({ items }: { readonly items: readonly Runbook[] }) {
  const [{ q = "", tag = "", owner = "", show = "" }, change] = useAddress();
  const [isWhole, setIsWhole] = useState(false);
  const tags = useMemo(() => wordsOf(items.flatMap((one) => one.tags)), [items]);
  const owners = useMemo(() => wordsOf(items.flatMap((one) => one.owner ?? [])), [items]);
  const found = useMemo(
    () =>
      items.filter(
        (one) =>
          hasWords(one, q) &&
          (tag === "" || one.tags.includes(tag)) &&
          (owner === "" || one.owner === owner) &&
          (show !== MINE || one.may_start),
      ),
    [items, q, tag, owner, show],
  );
  if (items.length === 0)
    return <Empty>There is no runbook that you may see. Runbooks are files below runbooks/.</Empty>;
  const shown = isWhole ? found : found.slice(0, SHOWN_MAX);
  return (
    <>
      <Group align="flex-end" gap="sm" role="search" aria-label="Filter">
        <div className={styles["search"]}>
          <FilterField
            label="Search"
            placeholder="name, title, tag, owner, description"
            value={q}
            onChange={(text) => change({ q: text })}
          />
        </div>
        <NativeSelect
          label="Tag"
          value={tag}
          onChange={({ currentTarget }) => change({ tag: currentTarget.value })}
          data={choices(tags, tag)}
        />
        <NativeSelect
          label="Owner"
          value={owner}
          onChange={({ currentTarget }) => change({ owner: currentTarget.value })}
          data={choices(owners, owner)}
        />
        <NativeSelect
          label="Show"
          value={show}
          onChange={({ currentTarget }) => change({ show: currentTarget.value })}
          data={[
            { value: "", label: "all" },
            { value: MINE, label: "what I may run" },
          ]}
        />
      </Group>
      <Section title={found.length === 1 ? "One runbook" : `${found.length} runbooks`}>
        {found.length === 0 ? (
          <Empty>Nothing matches. Take a word or a filter away to see more.</Empty>
        ) : (
          <RunbooksTable runbooks={shown} />
        )}
        {shown.length < found.length ? (
          <Button variant="default" size="xs" w="fit-content" onClick={() => setIsWhole(true)}>
            Show all {found.length}
          </Button>
        ) : null}
      </Section>
    </>
  );
}

function wordsOf(words: readonly string[]): string[] {
  return [...new Set(words)].sort((left, right) => left.localeCompare(right));
}

/** A word of the address that nothing has stays chosen, so that it is seen why nothing is found. */
function choices(words: readonly string[], chosen: string) {
  const all = chosen === "" || words.includes(chosen) ? words : [...words, chosen];
  return [{ value: "", label: "all" }, ...all.map((word) => ({ value: word, label: word }))];
}

function hasWords({ name, title, description, tags, owner }: Runbook, text: string): boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const all = [name, title ?? "", description ?? "", owner ?? "", ...tags].join("\n").toLowerCase();
  return words.every((word) => all.includes(word));
}
