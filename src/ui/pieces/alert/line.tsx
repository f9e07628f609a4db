import { Popover } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useState } from "react";
import { Link } from "../link.tsx";
import { secondsText, Time } from "../time.tsx";
import { StatusSign, toneOf } from "../status-badge.tsx";
import { visibleText } from "../visible-text.ts";
import { Words } from "../words.tsx";
import { type Happening, happeningsOf, type Life } from "./happenings.ts";
import { type Bar, barsOf, type Sign, signsOf, type Span, spanOf } from "./line-bars.ts";
import classes from "./line.module.css";

/** More bars than these are in the list below alone. */
const BARS_MAX = 15;
/** The widest word beside a bar. */
const WORD_PX = 150;
/** Signs nearer to each other would lie over each other. */
const SIGN_PX = 28;

/** From firing to its end, to scale: what lasts is a bar, what happens at once a sign. The list below it tells the same in words. */
export function Line({ life, nowMs }: { readonly life: Life; readonly nowMs: number }) {
  const { ref, width } = useElementSize();
  const bars = barsOf(life);
  const span = spanOf(life, bars, nowMs);
  const [firing, ...others] = bars;
  const signs = signsOf(
    happeningsOf(life).filter(({ isOfBar }) => !isOfBar),
    span,
    width,
    SIGN_PX,
  );
  const shown = others.slice(0, BARS_MAX);
  return (
    <div
      className={classes["box"]}
      role="group"
      aria-label={`Line of ${secondsText((span.toMs - span.fromMs) / 1_000)}`}
    >
      <div className={classes["lane"]}>
        <span className={`${classes["name"]} dim`}>Alert</span>
        <div className={classes["track"]} ref={ref}>
          {firing === undefined ? null : <Piece bar={firing} span={span} nowMs={nowMs} isFiring />}
          {width === 0
            ? null
            : signs.map((sign) => <SignButton key={sign.happenings[0]?.key ?? ""} sign={sign} />)}
        </div>
      </div>
      {shown.map((bar) => (
        <Lane key={bar.key} bar={bar} span={span} nowMs={nowMs} widthPx={width} />
      ))}
      {others.length > shown.length ? (
        <div className="dim small">and {others.length - shown.length} more, in the list below</div>
      ) : null}
      <Scale span={span} isOpen={life.alert.closed_at === null} widthPx={width} />
    </div>
  );
}

interface LaneProps {
  readonly bar: Bar;
  readonly span: Span;
  readonly nowMs: number;
}

function Lane({ bar, span, nowMs, widthPx }: LaneProps & { readonly widthPx: number }) {
  const { name, status, run, approval } = bar;
  const toMs = bar.toMs ?? nowMs;
  const [from, to] = [percentOf(bar.fromMs, span), percentOf(toMs, span)];
  // The word stands where there is room for it, at worst on the bar.
  const [isBefore, isBehind] = [from * widthPx > WORD_PX * 100, (100 - to) * widthPx > WORD_PX * 100];
  const side = isBehind ? { left: `${to}%` } : isBefore ? { right: `${100 - from}%` } : { left: `${from}%` };
  return (
    <div className={classes["lane"]}>
      <span className={classes["name"]} title={name}>
        {approval !== null ? (
          <Link to="/approvals/$id" params={{ id: approval }}>
            {name}
          </Link>
        ) : run !== null ? (
          <Link to="/runs/$id" params={{ id: run }}>
            {name}
          </Link>
        ) : (
          name
        )}
      </span>
      <div className={classes["track"]}>
        <Piece bar={bar} span={span} nowMs={nowMs} />
        <span className={`${classes["word"]} ${isBefore || isBehind ? "" : classes["upon"]}`} style={side}>
          {bar.name === "Silence" ? "" : `${status.replaceAll("_", " ")}, `}
          {secondsText((toMs - bar.fromMs) / 1_000)}
        </span>
      </div>
    </div>
  );
}

function Piece({ bar, span, nowMs, isFiring = false }: LaneProps & { readonly isFiring?: boolean }) {
  const toMs = bar.toMs ?? nowMs;
  const beganMs = Math.min(Math.max(bar.beganMs, bar.fromMs), toMs);
  const about = `${bar.name}: ${bar.status.replaceAll("_", " ")}, ${secondsText((toMs - bar.fromMs) / 1_000)}`;
  return (
    <>
      {beganMs > bar.fromMs ? (
        <span
          className={classes["waits"]}
          style={placeOf(bar.fromMs, beganMs, span)}
          title={`${bar.name} waits ${secondsText((beganMs - bar.fromMs) / 1_000)}`}
        />
      ) : null}
      {beganMs < toMs || beganMs === bar.fromMs ? (
        <span
          className={`${classes["bar"]} ${classes[toneOf(isFiring ? "firing" : bar.status)]} ${isFiring ? classes["firing"] : ""}`}
          style={placeOf(beganMs, toMs, span)}
          title={about}
        />
      ) : null}
    </>
  );
}

function SignButton({ sign: { leftPx, happenings } }: { readonly sign: Sign }) {
  const [isOpen, setIsOpen] = useState(false);
  const [first] = happenings;
  if (first === undefined) return null;
  const name =
    happenings.length === 1
      ? visibleText(first.title)
      : `${happenings.length} things, the first: ${visibleText(first.title)}`;
  return (
    <Popover
      opened={isOpen}
      onChange={setIsOpen}
      withArrow
      position="bottom"
      width={320}
      trapFocus
      returnFocus
    >
      <Popover.Target>
        <button
          type="button"
          className={classes["sign"]}
          style={{ left: `${leftPx}px` }}
          aria-label={name}
          title={name}
          aria-expanded={isOpen}
          onClick={() => setIsOpen(!isOpen)}
          // Until the focus has come to what was opened, it is still here.
          onKeyDown={({ key }) => (key === "Escape" ? setIsOpen(false) : undefined)}
        >
          {happenings.length === 1 ? <StatusSign status={first.status} /> : happenings.length}
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <ul className="files">
          {happenings.slice(0, SIGNED_MAX).map((happening) => (
            <Signed key={happening.key} happening={happening} />
          ))}
          {happenings.length > SIGNED_MAX ? <li>and {happenings.length - SIGNED_MAX} more</li> : null}
        </ul>
      </Popover.Dropdown>
    </Popover>
  );
}

const SIGNED_MAX = 12;

function Signed({ happening: { title, at } }: { readonly happening: Happening }) {
  return (
    <li className="breaks">
      <Words text={title} />{" "}
      <span className="dim small">
        <Time at={at} />
      </span>
    </li>
  );
}

const TICKS_MAX = 4;
const TICK_PX = 120;
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const DAY_MS = 86_400_000;

interface ScaleProps {
  readonly span: Span;
  readonly isOpen: boolean;
  readonly widthPx: number;
}

function Scale({ span, isOpen, widthPx }: ScaleProps) {
  const ticks = Math.max(1, Math.min(TICKS_MAX, Math.floor(widthPx / TICK_PX)));
  const { fromMs, toMs, isCut } = span;
  const format = toMs - fromMs > DAY_MS ? day : clock;
  return (
    <div className={classes["scale"]} aria-hidden="true">
      {Array.from({ length: ticks + 1 }, (_, index) => {
        const ms = fromMs + ((toMs - fromMs) * index) / ticks;
        const isNow = index === ticks && isOpen;
        return (
          <span key={index} className={classes["tick"]} style={{ left: `${(index / ticks) * 100}%` }}>
            {index === 0 && isCut ? "… " : ""}
            {isNow ? "now" : format.format(ms)}
          </span>
        );
      })}
    </div>
  );
}

function percentOf(ms: number, { fromMs, toMs }: Span): number {
  return Math.min(100, Math.max(0, ((ms - fromMs) / (toMs - fromMs)) * 100));
}

function placeOf(fromMs: number, toMs: number, span: Span): { left: string; width: string } {
  const left = Math.min(percentOf(fromMs, span), 99.5);
  return { left: `${left}%`, width: `${Math.max(0, percentOf(toMs, span) - left)}%` };
}
