import { Button } from "@mantine/core";
import { useOpened } from "../fold.tsx";
import { Link } from "../link.tsx";
import { StatusSign } from "../status-badge.tsx";
import { Duration, Time } from "../time.tsx";
import { Words } from "../words.tsx";
import { RuleLink } from "./decided.tsx";
import type { Happening } from "./happenings.ts";
import classes from "./line.module.css";

export interface HappenedProps {
  readonly happenings: readonly Happening[];
  /** Since when it fires, while it does; null when it has ended. */
  readonly firingSince: string | null;
}

/** Of more, the first and the last are shown. */
const SHOWN_MAX = 60;
const ENDS_SHOWN = 20;

/** What happened, in words with times. */
export function Happened({ happenings, firingSince }: HappenedProps) {
  const [isOpen, toggle] = useOpened("happened");
  const isFolded = happenings.length > SHOWN_MAX && !isOpen;
  const [first, last] = isFolded
    ? [happenings.slice(0, ENDS_SHOWN), happenings.slice(-ENDS_SHOWN)]
    : [happenings, []];
  return (
    <ol className={classes["list"]}>
      {first.map((happening) => (
        <One key={happening.key} happening={happening} />
      ))}
      {isFolded ? (
        <li>
          <span className={classes["at"]} />
          <span className={classes["signed"]} />
          <Button variant="default" size="xs" w="fit-content" onClick={toggle}>
            Show {happenings.length - 2 * ENDS_SHOWN} more in between
          </Button>
        </li>
      ) : null}
      {last.map((happening) => (
        <One key={happening.key} happening={happening} />
      ))}
      {firingSince === null ? null : (
        <li>
          <span className={`${classes["at"]} dim`}>now</span>
          <span className={classes["signed"]}>
            <StatusSign status="firing" />
          </span>
          <span>
            Still fires, for <Duration from={firingSince} to={null} />
          </span>
        </li>
      )}
    </ol>
  );
}

function One({ happening }: { readonly happening: Happening }) {
  const { at, status, title, texts, retryAt, run, approval, rule } = happening;
  return (
    <li>
      <span className={`${classes["at"]} dim`}>
        <Time at={at} />
      </span>
      <span className={classes["signed"]}>
        <StatusSign status={status} />
      </span>
      <div className="breaks">
        <strong>
          <Words text={title} />
        </strong>
        {rule === null ? null : (
          <span className="dim">
            {" "}
            by rule <RuleLink name={rule} />
          </span>
        )}
        {approval !== null ? (
          <>
            {" "}
            <Link to="/approvals/$id" params={{ id: approval }}>
              the question
            </Link>
          </>
        ) : run !== null ? (
          <>
            {" "}
            <Link to="/runs/$id" params={{ id: run }}>
              the run
            </Link>
          </>
        ) : null}
        {texts.map((text) => (
          <p key={text} className="dim">
            <Words text={text} />
          </p>
        ))}
        {retryAt === null ? null : (
          <p className="dim">
            It is looked at again <Time at={retryAt} />.
          </p>
        )}
      </div>
    </li>
  );
}
