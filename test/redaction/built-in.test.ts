import { describe, expect, test } from "vitest";
import { BUILT_IN_NAMES, BUILT_IN_PATTERNS } from "../../src/redaction/built-in-patterns.ts";
import { EXAMPLES, privateKey, redactionWith } from "./redact-fixture.ts";

const redaction = redactionWith();

describe("what is known by its looks", () => {
  test.each(EXAMPLES)("%s: %s…", (name, before, secret, after) => {
    expect(redaction.text(`line\n${before}${secret}${after}\nline`)).toBe(
      `line\n${before}[redacted:${name}]${after}\nline`,
    );
  });

  test("each pattern has an example", () => {
    const shown = new Set(EXAMPLES.map(([name]) => name));
    expect(BUILT_IN_NAMES.filter((name) => !shown.has(name))).toEqual([]);
  });

  test("a text that was redacted stays as it is", () => {
    const once = EXAMPLES.map(([, before, secret, after]) =>
      redaction.text(`${before}${secret}${after}`),
    ).join("\n");
    expect(redaction.text(once)).toBe(once);
  });

  test("a mask that a program wrote hides nothing behind it", () => {
    expect(redaction.text("password=[redacted:password]hunter2 x")).toBe("password=[redacted:password] x");
  });

  test("a key without its end takes the lines of the key, and no more", () => {
    const [head, ...lines] = privateKey(500).split("\n").slice(0, -1);
    const text = `${head}\n${lines.join("\n")}\nNov 23 03:12:45 web-1 app: started\n`;
    expect(redaction.text(text)).toBe("[redacted:private-key]\nNov 23 03:12:45 web-1 app: started\n");
  });

  test("a key goes whole when a log begins each of its lines with a time", () => {
    const text = `${privateKey(2_000).replaceAll("\n", "\nNov 23 03:12:45 web-1 app: ")}\nnext`;
    expect(redaction.text(text)).toBe("[redacted:private-key]\nnext");
  });

  test("a value of any length goes to its end", () => {
    for (const length of [1_023, 1_024, 1_025, 100_000])
      expect(redaction.text(`password=${"x".repeat(length)} end`)).toBe("password=[redacted:password] end");
  });

  test("texts under telling keys of a JSON value are judged with their key", () => {
    const value = { user: "dana", password: "hunter 2", headers: { Authorization: "Bearer abc" }, list: [1] };
    expect(redaction.json(value)).toEqual({
      user: "dana",
      password: "[redacted:password]",
      headers: { Authorization: "Bearer [redacted:authorization]" },
      list: [1],
    });
  });

  test("hostile member names and deep nesting are data", () => {
    const hostile: unknown = JSON.parse('{"__proto__": {"password": "hunter2"}, "constructor": 1}');
    expect(JSON.stringify(redaction.json(hostile))).toBe(
      '{"__proto__":{"password":"[redacted:password]"},"constructor":1}',
    );
    const deep: unknown = JSON.parse(`${"[".repeat(50_000)}"password=hunter2"${"]".repeat(50_000)}`);
    expect(JSON.stringify(redaction.json(deep))).not.toContain("hunter2");
  });
});

/** Processor time: what others do on the machine does not count. */
function timeMs(text: string): number {
  const before = process.cpuUsage();
  redaction.text(text);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Best of several, because others use the machine, too. */
function bestMs(text: string): number {
  return Math.min(...Array.from({ length: 7 }, () => timeMs(text)));
}

/** What an expression could be made slow with: its beginnings again and again, and each with a long run of what it may go on with. */
function adversarial(anchors: readonly string[], length: number): string[] {
  const runs = ["a", "A1", " ", "=", ": ", '"', "\\", '\\"', "/", "@", "eyJ", "password=", "\n", "*"];
  const repeated = anchors.flatMap((anchor) => [
    anchor,
    ...runs.flatMap((run) => [`${anchor}${run}`, `${anchor.toUpperCase()}=${run.repeat(40)}`]),
  ]);
  return [
    ...repeated.map((text) => text.repeat(Math.ceil(length / text.length)).slice(0, length)),
    ...anchors.flatMap((anchor) => runs.map((run) => (anchor + run.repeat(length)).slice(0, length))),
  ];
}

describe("time grows with the text alone", () => {
  const slowest = BUILT_IN_PATTERNS.map(({ name, anchors }) => {
    const examples = EXAMPLES.filter(([of]) => of === name).flatMap(([, before, secret]) => [
      secret,
      `${before}${secret}`,
      secret.slice(0, -1),
      secret.slice(0, 28),
      `${secret.slice(0, 28)}\n`,
      `${secret.split("\n", 1)[0] ?? ""}\n`,
      `${before}${secret.slice(0, 1)}`,
    ]);
    const beginnings = [...anchors, ...examples.filter((text) => text !== "")];
    const timed = adversarial(beginnings, 64 * 1024).map((text) => ({
      name,
      text,
      ms: timeMs(text),
    }));
    return timed.reduce((slow, other) => (other.ms > slow.ms ? other : slow));
  });

  test("64 KiB made to be slow take 50 ms at most", () => {
    const measured = slowest.map(({ name, text }) => ({ name, text, ms: bestMs(text) }));
    const worst = measured.reduce((slow, other) => (other.ms > slow.ms ? other : slow));
    const what = `${worst.name}: ${JSON.stringify(worst.text.slice(0, 40))}`;
    console.log(
      `PROMISE S5 built-in patterns, 64 KiB: ${worst.ms.toFixed(1)} ms at most (limit 50 ms), ${what}`,
    );
    expect(worst.ms).toBeLessThan(50);
  });

  // Long enough that both are interrupted alike where the machine has much else to do.
  test.each(slowest)(
    "$name: eight times the text takes about eight times as long",
    { timeout: 120_000 },
    ({ text }) => {
      const small = Math.min(...[1, 2, 3].map(() => timeMs(text.repeat(8))));
      const large = Math.min(...[1, 2, 3].map(() => timeMs(text.repeat(64))));
      // What is too short to be measured is taken for a millisecond.
      expect(large / Math.max(1, small)).toBeLessThan(32);
    },
  );
});
