import type { Environment } from "@marcbachmann/cel-js";
import { type DurationClass, durationText, fromJson } from "./cel-values.ts";

/** What `duration()` is renamed to before checking: cel-js' own parser takes cubic time on a long row of digits. */
export const DURATION_FUNCTION = "__duration";

/** Characters a function may make; more is no value that a step passes on. */
const TEXT_LENGTH_MAX = 1024 * 1024;

const DURATION_PATTERN = /^([+-])?((?:\d{1,12}(?:\.\d{1,9})?(?:h|ms|m|us|µs|ns|s))+)$/;
const NANOSECONDS = new Map([
  ["h", 3_600_000_000_000n],
  ["m", 60_000_000_000n],
  ["s", 1_000_000_000n],
  ["ms", 1_000_000n],
  ["us", 1_000n],
  ["µs", 1_000n],
  ["ns", 1n],
]);

/** Adds what expressions offer beyond cel-js: re2, json, `duration`, and the string functions it lacks. */
export function registerFunctions(
  cel: Environment,
  searches: { find(text: string, pattern: string): boolean },
  durations: DurationClass,
): void {
  const add = (signature: string, handler: (...values: never[]) => unknown) =>
    cel.registerFunction(signature, handler as (...values: unknown[]) => unknown, { async: false });
  add("re2(string, string): bool", (text: string, pattern: string) => searches.find(text, pattern));
  add("json(string): dyn", parseJson);
  add("string.replace(string, string): string", replaceAll);
  add("string.replace(string, string, int): string", replaceSome);
  add("string.charAt(int): string", charAt);
  add(`${DURATION_FUNCTION}(string): google.protobuf.Duration`, (text: string) => {
    const total = durationNanoseconds(text);
    return new durations(total / 1_000_000_000n, Number(total % 1_000_000_000n));
  });
  add("string(google.protobuf.Duration): string", durationText);
  add("string(google.protobuf.Timestamp): string", (time: Date) => time.toISOString());
  add("int(google.protobuf.Timestamp): int", (time: Date) => BigInt(Math.floor(time.getTime() / 1_000)));
}

function parseJson(text: string): unknown {
  try {
    return fromJson(JSON.parse(text));
  } catch (error) {
    if (error instanceof RangeError) throw error;
    throw new RangeError("json(): the text is not JSON", { cause: error });
  }
}

function replaceAll(text: string, from: string, to: string): string {
  const count = from === "" ? text.length + 1 : text.split(from).length - 1;
  if (text.length + count * to.length > TEXT_LENGTH_MAX)
    throw new RangeError(`replace(): the result is longer than ${TEXT_LENGTH_MAX} characters`);
  return text.replaceAll(from, () => to);
}

function replaceSome(text: string, from: string, to: string, limit: bigint): string {
  if (limit < 0n) return replaceAll(text, from, to);
  let left = limit;
  return text.replaceAll(from, (found) => {
    left -= 1n;
    return left >= 0n ? to : found;
  });
}

function charAt(text: string, index: bigint): string {
  if (index < 0n || index > BigInt(text.length))
    throw new RangeError(`charAt(): ${index} is outside a text of ${text.length}`);
  return text.charAt(Number(index));
}

/** Go's duration text, as CEL has it: `1h30m`, `250ms`, `-1.5s`. */
function durationNanoseconds(text: string): bigint {
  const [, sign, parts] = DURATION_PATTERN.exec(text.slice(0, 100)) ?? [];
  if (parts === undefined || text.length > 100)
    throw new RangeError(`duration(): "${text.slice(0, 40)}" is no duration; write it like 90s, 5m or 1h30m`);
  let total = 0n;
  for (const [, whole = "0", fraction = "", unit = "s"] of parts.matchAll(/(\d+)(?:\.(\d+))?([a-zµ]+)/g)) {
    const nanoseconds = NANOSECONDS.get(unit) ?? 0n;
    total += BigInt(whole) * nanoseconds;
    total += (BigInt(fraction.padEnd(9, "0")) * nanoseconds) / 1_000_000_000n;
  }
  return sign === "-" ? -total : total;
}
