// What the line of an alert is drawn of: its span, its bars, and signs that never lie over each other.
import { expect, test } from "vitest";
import type { AlertDetails, Approval, Run } from "../../src/ui/api/types.ts";
import { happeningsOf } from "../../src/ui/pieces/alert/happenings.ts";
import { barsOf, signsOf, spanOf } from "../../src/ui/pieces/alert/line-bars.ts";
import { matcherText, withMatcher } from "../../src/ui/pieces/alert/matcher-text.ts";
import { webAddress } from "../../src/ui/pieces/web-address.ts";

const at = (second: number) => new Date(Date.UTC(2026, 10, 26, 8) + second * 1_000).toISOString();
const ms = (second: number) => Date.parse(at(second));

function alertOf(parts: Partial<AlertDetails> = {}): AlertDetails {
  return {
    id: "1",
    source: "alertmanager",
    fingerprint: "f",
    status: "firing",
    outcome: null,
    labels: {},
    annotations: {},
    starts_at: at(0),
    ends_at: null,
    received_at: at(10),
    closed_at: null,
    repeats: 0,
    generator_url: null,
    decision: null,
    url: "http://127.0.0.1/a/f",
    runs: [],
    silences: [],
    decisions: [],
    ...parts,
  };
}

const run = (parts: Partial<Run>) =>
  ({
    id: "r",
    runbook: "restart-web",
    status: "running",
    outcome: null,
    outcome_because: null,
    hosts: ["web-1"],
    created_at: at(11),
    started_at: null,
    finished_at: null,
    message: null,
    summary: null,
    ...parts,
  }) as Run;

const life = (alert: AlertDetails, runs: readonly Run[] = [], approvals: readonly Approval[] = []) => ({
  alert,
  runs,
  approvals,
});

test("goes from firing to now while it fires, and to the last end when it is over", () => {
  const firing = life(alertOf(), [run({ started_at: at(12) })]);
  expect(spanOf(firing, barsOf(firing), ms(60))).toEqual({ fromMs: ms(0), toMs: ms(60), isCut: false });
  const ended = alertOf({ status: "resolved", ends_at: at(40), closed_at: at(41) });
  const over = life(ended, [run({ status: "succeeded", started_at: at(12), finished_at: at(50) })]);
  expect(spanOf(over, barsOf(over), ms(9_000))).toMatchObject({ fromMs: ms(0), toMs: ms(50) });
});

test("begins shortly before an alert was received that had fired for days, and says so", () => {
  const old = life(alertOf({ starts_at: at(-300_000), received_at: at(0) }));
  const span = spanOf(old, barsOf(old), ms(80));
  expect(span).toEqual({ fromMs: ms(-10), toMs: ms(80), isCut: true });
});

test("a run has a bar from its making on, with the time that it waited", () => {
  const [, bar] = barsOf(life(alertOf(), [run({ started_at: at(20), finished_at: at(30) })]));
  expect(bar).toMatchObject({ fromMs: ms(11), beganMs: ms(20), toMs: ms(30), run: "r" });
  const [, waiting] = barsOf(life(alertOf(), [run({ status: "waiting_person" })]));
  expect(waiting?.toMs).toBe(null);
  expect(waiting?.beganMs).toBeGreaterThan(ms(1_000_000));
});

test("a silence that nobody has lifted ends no later than now on the line", () => {
  const silence = {
    run: "r",
    step: null,
    source: "alertmanager",
    made: true,
    asked_at: at(12),
    ends_at: at(900),
    lifted_at: null,
  };
  const one = life(alertOf({ status: "resolved", closed_at: at(30), silences: [silence] }));
  expect(spanOf(one, barsOf(one), ms(60)).toMs).toBe(ms(60));
});

test("happenings at one place of the line are one sign, in the order of time", () => {
  const decisions = Array.from({ length: 300 }, (_, index) => ({
    at: at(10 + index / 100),
    kind: "delayed",
    rule: "r",
    reason: "lock",
    run: null,
    detail: {},
  })) as AlertDetails["decisions"];
  const happenings = happeningsOf(life(alertOf({ decisions })));
  const signs = signsOf(happenings, { fromMs: ms(0), toMs: ms(100) }, 1_000, 28);
  expect(signs.map(({ happenings: some }) => some.length)).toEqual([1, 281, 20]);
  for (const [index, sign] of signs.entries())
    expect(sign.leftPx - (signs[index - 1]?.leftPx ?? -28)).toBeGreaterThanOrEqual(28);
  const told = signs.flatMap(({ happenings: some }) => some);
  expect(told).toEqual(happenings);
});

test("a decision says which guard spoke against it, until when, and what would have to change", () => {
  const decision = {
    at: at(11),
    kind: "delayed",
    rule: "web-slow",
    reason: "cooldown",
    run: null,
    detail: {
      text: "a run ended 2m ago",
      against: [{ text: "a run ended 2m ago" }, { text: "the lock is taken" }],
      retry_at: at(600),
    },
  } as unknown as AlertDetails["decisions"][number];
  const told = happeningsOf(life(alertOf({ decisions: [decision] }))).find(({ rule }) => rule !== null);
  expect(told).toMatchObject({ title: "Delayed: cooldown", retryAt: at(600) });
  expect(told?.texts).toEqual([
    "a run ended 2m ago",
    "the lock is taken",
    "It goes on when the cooldown after the last run for the same group is over.",
  ]);
});

test("a label becomes a matcher that means just it, and is added once", () => {
  expect(matcherText("team", 'we"b\\\n')).toBe('team="we\\"b\\\\\\n"');
  expect(matcherText("host.name", "x")).toBe('"host.name"="x"');
  expect(matcherText("long", "x".repeat(8_192))).toBe(null);
  expect(matcherText("half", "\ud800")).toBe(null);
  expect(withMatcher("", 'a="1"')).toBe('a="1"');
  expect(withMatcher('b="2",', 'a="1"')).toBe('b="2", a="1"');
  expect(withMatcher('{b="2"}', 'a="1"')).toBe('{b="2", a="1"}');
  expect(withMatcher('a="1"', 'a="1"')).toBe('a="1"');
});

test.each([
  ["https://grafana.example.net/d/1?a=<b>", true],
  ["HTTP://example.net", true],
  ["javascript:alert(1)", false],
  ["java\nscript:alert(1)", false],
  ["data:text/html,x", false],
  ["https://bank.example@evil.example", false],
  ["https://", false],
  [" https://example.net", false],
  ["see https://example.net", false],
])("%j is a link: %s", (text, isLink) => {
  expect(webAddress(text) !== null).toBe(isLink);
});
