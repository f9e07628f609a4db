// Work that is shared by those who ask for it, bounded in how much of it is done and kept.
import { expect, test } from "vitest";
import { SharedResults, TooBusyError } from "../../src/platform/shared-results.ts";
import { waitFor } from "../support/wait.ts";

interface Result {
  readonly of: string;
}

const never = new AbortController().signal;
const LIMITS = { keptMax: 2, atOnceMax: 2, askersMax: 5 };

/** Makes results when it is told to. */
function workshop() {
  const begun: string[] = [];
  const given = new Map<string, () => void>();
  const stopped: string[] = [];
  const make = (key: string) => (signal: AbortSignal) =>
    new Promise<Result>((resolve, reject) => {
      begun.push(key);
      given.set(key, () => resolve({ of: key }));
      signal.addEventListener("abort", () => {
        stopped.push(key);
        reject(new Error("given up"));
      });
    });
  return { begun, stopped, make, finish: (key: string) => given.get(key)?.() };
}

test("makes a few at once, in the order in which they were asked for, each once for all who ask", async () => {
  const { begun, make, finish } = workshop();
  const results = new SharedResults<Result>(LIMITS);
  const asked = ["a", "a", "b", "c"].map((key) => results.get(key, never, make(key)));
  await waitFor("the first two", () => begun.length === 2);
  finish("a");
  await waitFor("the third", () => begun.length === 3);
  finish("b");
  finish("c");
  expect(await Promise.all(asked)).toEqual([{ of: "a" }, { of: "a" }, { of: "b" }, { of: "c" }]);
  expect(begun).toEqual(["a", "b", "c"]);
  // The two that were used last are kept.
  expect([results.known("a"), results.known("b")?.of, results.known("c")?.of]).toEqual([undefined, "b", "c"]);
  results.known("b");
  const more = results.get("d", never, make("d"));
  await waitFor("the fourth", () => begun.length === 4);
  finish("d");
  await more;
  expect([results.known("b")?.of, results.known("c")]).toEqual(["b", undefined]);
});

test("gives up when the last one who asked has gone, and begins anew for the next", async () => {
  const { begun, stopped, make, finish } = workshop();
  const results = new SharedResults<Result>(LIMITS);
  const [first, second] = [new AbortController(), new AbortController()];
  const asked = [first, second].map(({ signal }) => results.get("a", signal, make("a")));
  await waitFor("the beginning", () => begun.length === 1);
  first.abort(new Error("gone"));
  await expect(asked[0]).rejects.toThrow("gone");
  expect(stopped).toEqual([]);
  second.abort(new Error("gone"));
  await expect(asked[1]).rejects.toThrow("gone");
  await waitFor("the end of it", () => stopped.length === 1);
  const again = results.get("a", never, make("a"));
  await waitFor("another beginning", () => begun.length === 2);
  finish("a");
  expect(await again).toEqual({ of: "a" });
  await expect(results.get("b", first.signal, make("b"))).rejects.toThrow("gone");
});

test("turns away more askers than may wait, and tries again what failed", async () => {
  const { make, finish, begun } = workshop();
  const results = new SharedResults<Result>(LIMITS);
  const asked = Array.from({ length: 5 }, () => results.get("a", never, make("a")));
  await expect(results.get("b", never, make("b"))).rejects.toThrow(TooBusyError);
  await waitFor("the beginning", () => begun.length === 1);
  finish("a");
  await Promise.all(asked);
  const broken = results.get("c", never, () => Promise.reject(new Error("broken")));
  await expect(broken).rejects.toThrow("broken");
  expect(await results.get("c", never, () => Promise.resolve({ of: "c" }))).toEqual({ of: "c" });
});
