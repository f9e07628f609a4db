import { useNow } from "../clock.ts";
import { Time } from "../time.tsx";

/** How much time is left, counting down; then that there is none. */
export function Countdown({ until }: { readonly until: string }) {
  const leftMs = Date.parse(until) - useNow();
  return (
    <span>
      <strong>{leftMs <= 0 ? "Time is up" : `${leftText(leftMs)} left`}</strong>
      <span className="dim">
        , until <Time at={until} />
      </span>
    </span>
  );
}

/** `59 s`, `4 min 10 s`, `2 h 5 min`, `3 days`. */
export function leftText(leftMs: number): string {
  const seconds = Math.floor(leftMs / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}
