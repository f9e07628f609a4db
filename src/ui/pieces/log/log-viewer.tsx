import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { ProblemAlert } from "../answer.tsx";
import type { LogPlace } from "./log-api.ts";
import { LogBar } from "./log-bar.tsx";
import type { LogFeed, LogState } from "./log-feed.ts";
import { LogRow } from "./log-row.tsx";
import { type Range, ROW_PX } from "./drawn-rows.ts";
import { LogScroller } from "./log-scroller.ts";
import classes from "./log.module.css";
import { useLogFeed } from "./use-log-feed.ts";
import { type LogSearch, useLogSearch } from "./use-log-search.ts";

/** Lines that are marked; the address names them: `123`, `120-130`. */
export interface ChosenLines {
  readonly first: number;
  readonly last: number;
}

export interface LogViewerProps {
  readonly place: LogPlace;
  /** It was going on when it was opened: its height is held, so that nothing moves while it grows. */
  readonly isLive: boolean;
  readonly chosen: ChosenLines | null;
  /** The address of a line. */
  readonly hrefOf: (line: string) => string;
  readonly onChoose: (line: string) => void;
  /** What the address says that is searched for; empty for nothing. */
  readonly sought: string;
  readonly onSeek: (text: string) => void;
}

/** What a step printed: any place of it, its end first. While the step runs the end is followed, until somebody scrolls up. */
export function LogViewer(props: LogViewerProps) {
  const { place: given, isLive, chosen, hrefOf, onChoose, sought, onSeek } = props;
  const { runId, stepId, stream, attempt } = given;
  const place = useMemo(() => ({ runId, stepId, stream, attempt }), [runId, stepId, stream, attempt]);
  const [feed, state] = useLogFeed(place);
  // On a phone an error is seldom read by scrolling sideways.
  const [isWrapped, setIsWrapped] = useState(() => matchMedia("(max-width: 30rem)").matches);
  const [range, setRange] = useState<Range>({ first: 1, last: 0 });
  const [isAtEnd, setIsAtEnd] = useState(true);
  const scroller = useMemo(() => new LogScroller({ draw: setRange, atEnd: setIsAtEnd }), []);
  const search = useLogSearch(
    place,
    useCallback(({ line }) => (line === null ? undefined : scroller.show(line)), [scroller]),
  );
  const isReady = state.isNumbered && state.count > 0;
  const isSought = useRef(false);
  useEffect(() => {
    if (!isReady || isSought.current) return;
    isSought.current = true;
    if (sought !== "") search.find(sought, 1, chosen?.first ?? 1);
    // Once, when the page is opened with it.
  }, [isReady]);
  if (state.problem !== null) return <ProblemAlert error={state.problem} />;
  return (
    <div className={classes["viewer"]}>
      <LogBar
        place={place}
        state={state}
        search={search}
        sought={sought}
        onSeek={onSeek}
        scroller={scroller}
        isAtEnd={isAtEnd}
        isWrapped={isWrapped}
        onGo={(line) => {
          const existing = Math.min(line, Math.max(1, state.count));
          onChoose(String(existing));
          scroller.show(existing);
        }}
        onWrap={setIsWrapped}
      />
      <LogLines
        {...{ feed, state, scroller, range, isWrapped, isAtEnd, isLive, chosen, hrefOf, onChoose, search }}
        label={`${stream} of ${stepId}`}
      />
    </div>
  );
}

interface LinesProps extends Omit<LogViewerProps, "place" | "sought" | "onSeek"> {
  readonly label: string;
  readonly feed: LogFeed;
  readonly state: LogState;
  readonly scroller: LogScroller;
  readonly range: Range;
  readonly isWrapped: boolean;
  readonly isAtEnd: boolean;
  readonly search: LogSearch;
}

function LogLines({ label, feed, state, scroller, range, isWrapped, chosen, ...others }: LinesProps) {
  const [box, spacer, block] = [
    useRef<HTMLDivElement>(null),
    useRef<HTMLDivElement>(null),
    useRef<HTMLDivElement>(null),
  ];
  const { count, isNumbered, shift } = state;
  useLayoutEffect(() => {
    if (box.current === null || spacer.current === null || block.current === null) return undefined;
    return scroller.attach(box.current, spacer.current, block.current);
  }, [scroller]);
  useLayoutEffect(() => scroller.shift(shift), [scroller, shift]);
  useLayoutEffect(() => scroller.setLines(count, isWrapped), [scroller, count, isWrapped]);
  useLayoutEffect(() => scroller.laidOut(range));
  useEffect(() => feed.want(range.first, range.last), [feed, range, count, isNumbered]);
  useShownLine(scroller, isNumbered && count > 0, chosen);
  const { found } = others.search;
  useMatchInView(box, found);
  const choose = useChoice(chosen, others.onChoose);
  const rows = Array.from({ length: Math.max(0, range.last - range.first + 1) }, (_, at) => range.first + at);
  return (
    <div
      ref={box}
      className={classes["box"]}
      role="log"
      aria-live="off"
      aria-label={label}
      aria-busy={state.isLoading}
      tabIndex={0}
      data-wrapped={isWrapped || undefined}
      data-live={others.isLive || undefined}
      data-at-end={others.isAtEnd || undefined}
      style={
        {
          "--log-digits": String(Math.max(3, String(count).length)),
          "--log-row": `${ROW_PX}px`,
          "--log-rows": String(Math.max(1, count)),
        } as React.CSSProperties
      }
      onKeyDown={(event) => {
        if (!event.ctrlKey && !event.metaKey && !event.altKey && moved(scroller, event.key))
          event.preventDefault();
      }}
    >
      <div ref={spacer} className={classes["spacer"]}>
        <div ref={block} className={classes["block"]}>
          {rows.map((number) => (
            <LogRow
              key={number}
              number={number}
              isNumbered={isNumbered}
              line={feed.line(number)}
              href={others.hrefOf(String(number))}
              isChosen={chosen !== null && isNumbered && number >= chosen.first && number <= chosen.last}
              needle={found.text.toLowerCase()}
              isCurrentMatch={found.current?.line === number}
              onChoose={choose}
            />
          ))}
        </div>
        {count === 0 && !state.isLoading ? (
          <div className={classes["nothing"]}>
            {state.isComplete ? "It printed nothing here." : "Nothing printed yet."}
          </div>
        ) : null}
      </div>
    </div>
  );
}

/** Goes to the line of the address, once for each, as soon as there are lines. */
function useShownLine(scroller: LogScroller, isReady: boolean, chosen: ChosenLines | null): void {
  const shown = useRef<number | null>(null);
  const line = chosen?.first ?? null;
  useLayoutEffect(() => {
    if (!isReady || shown.current === line) return;
    shown.current = line;
    if (line !== null) scroller.show(line);
  }, [scroller, isReady, line]);
}

/** A match beyond the right edge of a long line is brought into view, once for each. */
function useMatchInView(box: React.RefObject<HTMLDivElement | null>, found: LogSearch["found"]): void {
  const shown = useRef<unknown>(null);
  useEffect(() => {
    const mark = box.current?.querySelector("mark[data-current]");
    if (box.current === null || mark === null || mark === undefined || shown.current === found.current)
      return;
    shown.current = found.current;
    const [around, at] = [box.current.getBoundingClientRect(), mark.getBoundingClientRect()];
    const isInView = at.left > around.left + around.width / 8 && at.right < around.right;
    if (!isInView) box.current.scrollLeft += at.left - around.left - around.width / 2;
    // After every drawing: its line may have had to be loaded first.
  });
}

function useChoice(
  chosen: ChosenLines | null,
  onChoose: (line: string) => void,
): (line: number, isRange: boolean) => void {
  // Rows are drawn again only when something of their own changes.
  const newest = useRef({ chosen, onChoose });
  useLayoutEffect(() => {
    newest.current = { chosen, onChoose };
  });
  return useCallback((line, isRange) => {
    const from = isRange ? (newest.current.chosen?.first ?? line) : line;
    const [first, last] = [Math.min(from, line), Math.max(from, line)];
    newest.current.onChoose(first === last ? String(line) : `${first}-${last}`);
  }, []);
}

/** Whether the key moves the lines. */
function moved(scroller: LogScroller, key: string): boolean {
  const moves: Readonly<Record<string, () => void>> = {
    ArrowDown: () => scroller.moveBy(ROW_PX),
    ArrowUp: () => scroller.moveBy(-ROW_PX),
    PageDown: () => scroller.moveBy(0, 1),
    PageUp: () => scroller.moveBy(0, -1),
    " ": () => scroller.moveBy(0, 1),
    Home: () => scroller.toStart(),
    End: () => scroller.toEnd(),
  };
  moves[key]?.();
  return moves[key] !== undefined;
}
