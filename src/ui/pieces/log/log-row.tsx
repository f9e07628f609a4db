import "./ansi.css";
import { memo } from "react";
import { classesOf, type Piece, readLine } from "./ansi.ts";
import type { Line } from "./line-cache.ts";
import classes from "./log.module.css";

export interface RowProps {
  readonly number: number;
  /** False while the numbers are being counted. */
  readonly isNumbered: boolean;
  /** Undefined while it is loaded. */
  readonly line: Line | undefined;
  readonly href: string;
  readonly isChosen: boolean;
  /** What is searched for, in small letters; empty for nothing. */
  readonly needle: string;
  readonly isCurrentMatch: boolean;
  readonly onChoose: (number: number, isRange: boolean) => void;
}

/** One line of a log, with its number as a link to it. */
export const LogRow = memo(function LogRow(props: RowProps) {
  const { number, isNumbered, href, isChosen, onChoose } = props;
  return (
    <div className={classes["row"]} data-line={number} data-chosen={isChosen || undefined}>
      {isNumbered ? (
        <a
          className={classes["number"]}
          href={href}
          // One of a hundred links in view: the arrows and the address reach every line.
          tabIndex={-1}
          aria-label={`Line ${number}`}
          onClick={(event) => {
            if (event.ctrlKey || event.metaKey || event.button !== 0) return;
            event.preventDefault();
            onChoose(number, event.shiftKey);
          }}
        >
          {number}
        </a>
      ) : (
        <span className={classes["number"]} aria-hidden={true}>
          …
        </span>
      )}
      <Text {...props} />
    </div>
  );
});

function Text({ line, needle, isCurrentMatch }: RowProps) {
  if (line === undefined) return <span className={classes["text"]} data-loading={true} />;
  if (!line.isKept)
    return (
      <span className={classes["text"]}>
        <em>not kept: of a long log only the beginning and the end are</em>
      </span>
    );
  return (
    <span className={classes["text"]} dir="ltr">
      {marked(readLine(line.text, line.look).pieces, needle).map(({ text, look, isMatch }, index) => {
        const names = classesOf(look);
        // Pieces of a line are told apart by nothing but their place.
        if (isMatch)
          return (
            <mark key={index} data-current={isCurrentMatch || undefined} className={classes["match"]}>
              {text}
            </mark>
          );
        return names === "" ? (
          text
        ) : (
          <span key={index} className={names}>
            {text}
          </span>
        );
      })}
      {line.isCut ? <em className={classes["cut"]}> … cut; the raw log has all of this line</em> : null}
    </span>
  );
}

interface MarkedPiece extends Piece {
  readonly isMatch: boolean;
}

/** The pieces with what is searched for as pieces of its own, also where it goes over several. */
function marked(pieces: readonly Piece[], needle: string): MarkedPiece[] {
  const whole = pieces
    .map(({ text }) => text)
    .join("")
    .toLowerCase();
  const cuts: number[] = [];
  if (needle !== "")
    for (let at = whole.indexOf(needle); at !== -1; at = whole.indexOf(needle, at + needle.length))
      cuts.push(at, at + needle.length);
  if (cuts.length === 0) return pieces.map((piece) => ({ ...piece, isMatch: false }));
  const result: MarkedPiece[] = [];
  let [from, next] = [0, 0];
  for (const { text, look } of pieces) {
    const end = from + text.length;
    for (let at = from; at < end; ) {
      while ((cuts[next] ?? Number.POSITIVE_INFINITY) <= at) next += 1;
      const stop = Math.min(end, cuts[next] ?? end);
      // Between the first and the second of two cuts lies a match.
      result.push({ text: text.slice(at - from, stop - from), look, isMatch: next % 2 === 1 });
      at = stop;
    }
    from = end;
  }
  return result;
}
