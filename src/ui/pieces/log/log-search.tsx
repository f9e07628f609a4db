import { ActionIcon, Group, TextInput } from "@mantine/core";
import { ChevronDownIcon, ChevronUpIcon } from "@radix-ui/react-icons";
import { useState } from "react";
import type { LogSearch } from "./use-log-search.ts";
import classes from "./log.module.css";

export interface SearchFieldProps {
  readonly search: LogSearch;
  /** What the address says. */
  readonly sought: string;
  readonly onSeek: (text: string) => void;
  /** The first line that is in view. */
  readonly lineInView: () => number;
}

const count = new Intl.NumberFormat("en");

/** Finds a text in the whole log. Enter: the next one; with Shift: the one before; Escape: nothing any more. */
export function SearchField({ search, sought, onSeek, lineInView }: SearchFieldProps) {
  const { found, find } = search;
  const [text, setText] = useState(sought);
  const go = (step: 1 | -1) => {
    onSeek(text);
    find(text, step, lineInView());
  };
  const clear = () => {
    onSeek("");
    search.clear();
  };
  return (
    <Group gap={4} wrap="nowrap" role="search" aria-label="Search in the log" className={classes["search"]}>
      <TextInput
        size="xs"
        type="search"
        aria-label="Search in the log"
        placeholder="Search the whole log"
        maxLength={300}
        value={text}
        onChange={({ currentTarget }) => {
          setText(currentTarget.value);
          if (currentTarget.value === "") clear();
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter") go(event.shiftKey ? -1 : 1);
          if (event.key === "Escape") {
            setText("");
            clear();
          }
        }}
      />
      <ActionIcon
        variant="default"
        size="md"
        aria-label="The match before"
        disabled={text === ""}
        onClick={() => go(-1)}
      >
        <ChevronUpIcon aria-hidden={true} />
      </ActionIcon>
      <ActionIcon
        variant="default"
        size="md"
        aria-label="The next match"
        disabled={text === ""}
        onClick={() => go(1)}
      >
        <ChevronDownIcon aria-hidden={true} />
      </ActionIcon>
      <span className={classes["found"]} role="status">
        {foundText(found)}
      </span>
    </Group>
  );
}

function foundText({ text, isBusy, problem, total, current }: LogSearch["found"]): string {
  if (problem !== null) return problem.message;
  if (text === "") return "";
  if (current !== null) return `match ${count.format(current.number)} of ${count.format(total)}`;
  return isBusy ? "searching…" : "no match";
}
