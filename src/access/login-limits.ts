/** Wrong passwords for one name, and from one address, in the window: then nobody may try until it has moved on. */
const FAILURES_MAX = { name: 10, address: 50 } as const;
const WINDOW_MS = 15 * 60_000;
/** Names and addresses that are remembered; the oldest go first, so that trying many of them takes no memory. */
const KEYS_MAX = 10_000;

export interface LoginAttemptKey {
  readonly name: string;
  readonly address: string;
}

/**
 * Slows down whoever tries out passwords. Counts are of this process: a start forgets them, and each node has its own. Times are those of a
 * clock that only goes forward.
 */
export class LoginLimits {
  readonly #failures = new Map<string, number[]>();

  /** How long until the next try may be made; 0 for now. */
  waitMs(key: LoginAttemptKey, nowMs: number): number {
    const waits = keysOf(key).map(({ text, max }) => {
      const recent = this.#recent(text, nowMs);
      const oldest = recent.at(-max);
      return oldest === undefined ? 0 : oldest + WINDOW_MS - nowMs;
    });
    return Math.max(0, ...waits);
  }

  noteFailure(key: LoginAttemptKey, nowMs: number): void {
    for (const { text } of keysOf(key)) {
      const recent = [...this.#recent(text, nowMs), nowMs];
      // Again at the end of the map: it is the newest now.
      this.#failures.delete(text);
      this.#failures.set(text, recent);
    }
    for (const text of this.#failures.keys()) {
      if (this.#failures.size <= KEYS_MAX) break;
      this.#failures.delete(text);
    }
  }

  /** Whoever knows the password has not been guessing. */
  noteSuccess({ name }: LoginAttemptKey): void {
    this.#failures.delete(nameKey(name));
  }

  #recent(text: string, nowMs: number): readonly number[] {
    return (this.#failures.get(text) ?? []).filter((atMs) => atMs > nowMs - WINDOW_MS);
  }
}

/** What is typed as a name may be long; nobody here has a longer one. */
const NAME_CHARS_MAX = 128;

function nameKey(name: string): string {
  return `name:${name.slice(0, NAME_CHARS_MAX)}`;
}

function keysOf({
  name,
  address,
}: LoginAttemptKey): readonly { readonly text: string; readonly max: number }[] {
  return [
    { text: nameKey(name), max: FAILURES_MAX.name },
    { text: `address:${address}`, max: FAILURES_MAX.address },
  ];
}
