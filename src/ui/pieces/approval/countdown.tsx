import { useNow } from "../clock.ts";
import { Time, wholeSecondsText } from "../time.tsx";

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
function leftText(leftMs: number): string {
  return leftMs < 2 * DAY_MS ? wholeSecondsText(leftMs / 1_000) : `${Math.floor(leftMs / DAY_MS)} days`;
}

const DAY_MS = 86_400_000;
