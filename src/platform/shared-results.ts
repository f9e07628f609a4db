/** More asked for results that take long to make than may wait for it. */
export class TooBusyError extends Error {
  override readonly name = "TooBusyError";
}

export interface SharedLimits {
  /** Results that are kept, the newest used ones. */
  readonly keptMax: number;
  /** Results that are made at the same time. */
  readonly atOnceMax: number;
  /** Askers of what is not made yet. Beyond it, {@link TooBusyError}. */
  readonly askersMax: number;
}

interface Making<Value> {
  readonly promise: Promise<Value>;
  readonly stop: AbortController;
  askers: number;
}

/**
 * Results that take long to make and never change. Whoever asks for the same one shares it; making it is given up when the last
 * one who asked has gone. What failed is made again for the next one who asks.
 */
export class SharedResults<Value extends object> {
  readonly #limits: SharedLimits;
  readonly #made = new Map<string, Value>();
  readonly #making = new Map<string, Making<Value>>();
  readonly #waiting: (() => void)[] = [];
  #busy = 0;
  #askers = 0;

  constructor(limits: SharedLimits) {
    this.#limits = limits;
  }

  /** What is there already. */
  known(key: string): Value | undefined {
    const value = this.#made.get(key);
    if (value === undefined) return undefined;
    // The newest used ones are at the end.
    this.#made.delete(key);
    this.#made.set(key, value);
    return value;
  }

  /** Throws {@link TooBusyError}, what `make` throws, and the signal's reason when it is aborted before the result is there. */
  async get(key: string, signal: AbortSignal, make: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
    const known = this.known(key);
    if (known !== undefined) return known;
    signal.throwIfAborted();
    if (this.#askers >= this.#limits.askersMax)
      throw new TooBusyError(`${this.#askers} others wait for the same kind of work; try again in a moment`);
    const making = this.#making.get(key) ?? this.#begin(key, make);
    making.askers += 1;
    this.#askers += 1;
    try {
      return await unlessAborted(making.promise, signal);
    } finally {
      making.askers -= 1;
      this.#askers -= 1;
      if (making.askers === 0) making.stop.abort();
    }
  }

  #begin(key: string, make: (signal: AbortSignal) => Promise<Value>): Making<Value> {
    const stop = new AbortController();
    const making = { promise: this.#make(stop.signal, make), stop, askers: 0 };
    // Whoever comes after it was given up begins anew.
    stop.signal.addEventListener("abort", () => {
      if (this.#making.get(key) === making) this.#making.delete(key);
    });
    this.#making.set(key, making);
    making.promise
      .then((value) => this.#keep(key, value))
      .catch(() => {})
      .finally(() => {
        if (this.#making.get(key) === making) this.#making.delete(key);
      });
    return making;
  }

  async #make(signal: AbortSignal, make: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
    await this.#turn();
    try {
      signal.throwIfAborted();
      return await make(signal);
    } finally {
      this.#busy -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #turn(): Promise<void> {
    // Those who waited go first: whoever was woken looks again.
    while (this.#busy >= this.#limits.atOnceMax)
      await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    this.#busy += 1;
  }

  #keep(key: string, value: Value): void {
    this.#made.set(key, value);
    for (const oldest of this.#made.keys()) {
      if (this.#made.size <= this.#limits.keptMax) return;
      this.#made.delete(oldest);
    }
  }
}

function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
