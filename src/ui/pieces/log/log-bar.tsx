import { Anchor, Button, Checkbox, Group, TextInput } from "@mantine/core";
import { DownloadIcon } from "@radix-ui/react-icons";
import { type LogPlace, rawUrl } from "./log-api.ts";
import type { LogState } from "./log-feed.ts";
import type { LogScroller } from "./log-scroller.ts";
import { SearchField } from "./log-search.tsx";
import classes from "./log.module.css";
import type { LogSearch } from "./use-log-search.ts";

export interface LogBarProps {
  readonly place: LogPlace;
  readonly state: LogState;
  readonly search: LogSearch;
  readonly sought: string;
  readonly onSeek: (text: string) => void;
  readonly scroller: LogScroller;
  readonly isAtEnd: boolean;
  readonly isWrapped: boolean;
  /** A line was asked for by its number. */
  readonly onGo: (line: number) => void;
  readonly onWrap: (isWrapped: boolean) => void;
}

/** What can be done with a log, above it. */
export function LogBar({
  place,
  state,
  search,
  scroller,
  isAtEnd,
  isWrapped,
  onGo,
  onWrap,
  sought,
  onSeek,
}: LogBarProps) {
  const isRunning = !state.isComplete && !state.isLoading;
  return (
    <Group gap="xs" className={classes["bar"]}>
      <SearchField search={search} sought={sought} onSeek={onSeek} lineInView={() => scroller.lineInView} />
      <LineField onGo={onGo} />
      <Checkbox
        size="xs"
        label="Wrap lines"
        checked={isWrapped}
        onChange={({ currentTarget }) => onWrap(currentTarget.checked)}
      />
      <Button size="compact-xs" variant="default" disabled={isAtEnd} onClick={() => scroller.toEnd()}>
        {isRunning ? (isAtEnd ? "Following" : "Follow") : "To the end"}
      </Button>
      <Anchor href={rawUrl(place)} size="xs" className={classes["raw"]}>
        <DownloadIcon aria-hidden={true} /> Raw log
      </Anchor>
      <span role="status" className={classes["state"]}>
        {stateText(state)}
      </span>
    </Group>
  );
}

/** Every line has an address, also without a pointer. */
function LineField({ onGo }: { readonly onGo: (line: number) => void }) {
  return (
    <TextInput
      size="xs"
      className={classes["go"]}
      aria-label="Go to line"
      placeholder="Line"
      inputMode="numeric"
      maxLength={12}
      onKeyDown={(event) => {
        const line = Number(event.currentTarget.value.replaceAll(/[,. ]/g, ""));
        if (event.key === "Enter" && Number.isInteger(line) && line > 0) onGo(line);
      }}
    />
  );
}

function stateText({ isConnected, isNewAttempt, isNumbered, attempt }: LogState): string {
  if (!isConnected) return "Connection lost, trying again";
  if (!isNumbered) return "Counting lines…";
  return isNewAttempt ? `Attempt ${attempt} has begun` : "";
}
