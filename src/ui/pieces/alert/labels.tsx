import { Link as RouterLink } from "@tanstack/react-router";
import type { Query } from "../../address.ts";
import { visibleText } from "../visible-text.ts";
import { Words } from "../words.tsx";
import classes from "./labels.module.css";
import { matcherText, withMatcher } from "./matcher-text.ts";

export interface LabelsProps {
  readonly labels: Readonly<Record<string, string>>;
  /** The filter of the list of alerts that they stand in: a click narrows that list further. Null where they stand elsewhere. */
  readonly filter?: string | null;
  /** The most that are shown; the others are counted. */
  readonly max?: number;
  /** Whole values, over several lines where they are long. */
  readonly isWhole?: boolean;
}

/** Labels, each of them a way to the alerts that have it, too. */
export function Labels({ labels, filter = null, max = 100, isWhole = false }: LabelsProps) {
  const entries = Object.entries(labels);
  const shown = entries.slice(0, max);
  return (
    <span className={classes["labels"]}>
      {shown.map(([name, value]) => (
        <Label key={name} name={name} value={value} filter={filter} isWhole={isWhole} />
      ))}
      {entries.length > max ? <span className="dim small">and {entries.length - max} more</span> : null}
    </span>
  );
}

const TITLE_CHARS_MAX = 300;

interface LabelProps {
  readonly name: string;
  readonly value: string;
  readonly filter: string | null;
  readonly isWhole: boolean;
}

function Label({ name, value, filter, isWhole }: LabelProps) {
  const matcher = matcherText(name, value);
  const className = isWhole ? `${classes["label"]} ${classes["long"]}` : classes["label"];
  const content = (
    <>
      <span className={classes["name"]}>
        <Words text={name} />=
      </span>
      <Words text={isWhole ? value : value.slice(0, TITLE_CHARS_MAX)} />
    </>
  );
  if (matcher === null)
    return (
      // Long enough to scroll by itself.
      <span className={className} {...(isWhole ? { tabIndex: 0 } : {})}>
        {content}
      </span>
    );
  return (
    <RouterLink
      to="/alerts"
      search={
        filter === null
          ? { filter: matcher }
          : ({ after: _after, ...before }: Query) => ({ ...before, filter: withMatcher(filter, matcher) })
      }
      className={className}
      title={`Alerts with ${visibleText(matcher).slice(0, TITLE_CHARS_MAX)}`}
      preload={false}
    >
      {content}
    </RouterLink>
  );
}
