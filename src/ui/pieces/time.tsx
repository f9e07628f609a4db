import { useNow } from "./clock.ts";

const DAY_MS = 86_400_000;

const dayOf = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const dayOfYear = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric" });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });
const clockUtc = new Intl.DateTimeFormat(undefined, {
  timeStyle: "medium",
  hourCycle: "h23",
  timeZone: "UTC",
});

/** `Nov 26, 08:29:27`, with the year when it is another one. */
function localText(date: Date): string {
  const isThisYear = date.getFullYear() === new Date().getFullYear();
  return `${(isThisYear ? dayOf : dayOfYear).format(date)}, ${clock.format(date)}`;
}

/** `07:29:27 UTC`; null where the reader's clock shows UTC itself. */
function utcText(date: Date): string | null {
  return date.getTimezoneOffset() === 0 ? null : `${clockUtc.format(date)} UTC`;
}

function fullUtcText(at: string): string {
  return at.replace("T", " ").replace(/\.\d+Z$|Z$/, " UTC");
}

/** A time as the reader's clock has it, with UTC beside. */
export function Time({ at }: { readonly at: string | null }) {
  if (at === null) return <>–</>;
  const date = new Date(at);
  const utc = utcText(date);
  return (
    <time dateTime={at} title={fullUtcText(at)} className="time">
      <bdi>{localText(date)}</bdi> <bdi className="beside">{utc ?? "UTC"}</bdi>
    </time>
  );
}

/** For the cell of a table: how long ago, and below when that was. */
export function When({ at }: { readonly at: string | null }) {
  const now = useNow();
  if (at === null) return <>–</>;
  const date = new Date(at);
  const utc = utcText(date);
  return (
    <time dateTime={at} title={fullUtcText(at)} className="when">
      {agoText(date.getTime() - now)}
      <span className="beside">
        <bdi>{localText(date)}</bdi>
        {utc === null ? " UTC" : " · "}
        {utc === null ? null : <bdi>{utc}</bdi>}
      </span>
    </time>
  );
}

/** `12 s ago`, `3 min ago`, `in 2 h`, `5 days ago`; how far a moment lies from now, in milliseconds. */
function agoText(fromNowMs: number): string {
  const distance = Math.abs(fromNowMs);
  const text =
    distance < 60_000
      ? `${Math.floor(distance / 1_000)} s`
      : distance < 3_600_000
        ? `${Math.floor(distance / 60_000)} min`
        : distance < 2 * DAY_MS
          ? hoursText(distance)
          : `${Math.floor(distance / DAY_MS)} days`;
  return fromNowMs > 0 ? `in ${text}` : `${text} ago`;
}

/** Minutes matter while it is a few hours. */
function hoursText(ms: number): string {
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  return hours >= 10 || minutes === 0 ? `${hours} h` : `${hours} h ${minutes} min`;
}

/** How long something took, or takes by now: it counts on while it has no end. */
export function Duration({ from, to }: { readonly from: string | null; readonly to: string | null }) {
  if (from === null) return null;
  return <span className="number">{to === null ? <Ticking from={from} /> : durationText(from, to)}</span>;
}

function Ticking({ from }: { readonly from: string }) {
  const seconds = Math.max(0, useNow() - Date.parse(from)) / 1_000;
  return <>{wholeSecondsText(seconds)}</>;
}

/** `1.4 s`, `2 min 5 s`, `3 h 12 min`. */
function durationText(fromAt: string | null, toAt: string | null): string {
  if (fromAt === null) return "";
  const seconds = Math.max(0, (toAt === null ? Date.now() : Date.parse(toAt)) - Date.parse(fromAt)) / 1_000;
  return secondsText(seconds);
}

/** `4 s`, `2 min 5 s`: for what counts on, or down, where tenths would only flicker. */
export function wholeSecondsText(seconds: number): string {
  return secondsText(Math.floor(seconds)).replace(/\.0 s$/, " s");
}

export function secondsText(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${Math.floor(seconds % 60)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
