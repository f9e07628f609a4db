import { Tooltip } from "@mantine/core";

const LOCAL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** A time as the reader's clock has it, with UTC beside it on hover and for screen readers. */
export function Time({ at }: { readonly at: string | null }) {
  if (at === null) return <>–</>;
  const date = new Date(at);
  const utc = at.replace("T", " ").replace(/\.\d+Z$|Z$/, " UTC");
  return (
    <Tooltip label={utc}>
      <time dateTime={at} title={utc}>
        {LOCAL.format(date)}
      </time>
    </Tooltip>
  );
}

/** `1.4 s`, `2 min 5 s`, `3 h 12 min`. */
export function durationText(fromAt: string | null, toAt: string | null): string {
  if (fromAt === null) return "";
  const seconds = Math.max(0, (toAt === null ? Date.now() : Date.parse(toAt)) - Date.parse(fromAt)) / 1_000;
  return secondsText(seconds);
}

export function secondsText(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${Math.round(seconds % 60)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
