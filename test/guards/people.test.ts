// What people and the inventory stop: automation: off, host holds, pauses.
import { describe, expect, test } from "vitest";
import { judgeAutomation } from "../../src/guards/automation.ts";
import { judgePauses, parsePauseScope, type PauseFacts } from "../../src/guards/pause.ts";
import type { Pause } from "../../src/runs/guard-records.ts";

const NOW_MS = Date.parse("2026-11-23T03:00:00Z");
const HOUR_MS = 3_600_000;

describe("automation", () => {
  const web1 = { name: "web-1", isAutomated: true };
  const hold = { host: "web-1", untilMs: NOW_MS + HOUR_MS, reason: "disk swap", principal: "user:dana" };

  test("passes hosts that nobody keeps rules away from", () => {
    expect(judgeAutomation([web1])).toEqual({ kind: "passes" });
    expect(judgeAutomation([web1], [{ ...hold, host: "web-2" }])).toEqual({ kind: "passes" });
  });

  test("names the hosts of which the inventory says off", () => {
    const off = [
      { name: "db-1", isAutomated: false },
      { name: "db-2", isAutomated: false },
    ];
    expect(judgeAutomation([...off, web1])).toEqual({
      kind: "refuses",
      reason: "automation_off",
      text: "hosts.yml says automation: off for db-1, db-2",
    });
  });

  test("says of a hold until when, by whom and why", () => {
    expect(judgeAutomation([{ name: "db-1", isAutomated: false }, web1], [hold])).toEqual({
      kind: "refuses",
      reason: "automation_off",
      text: "hosts.yml says automation: off for db-1; web-1 is on hold until 2026-11-23T04:00:00Z by user:dana: disk swap",
    });
  });
});

describe("the scope of a pause", () => {
  test.each([
    ["all", { kind: "all" }],
    ["rule:web-latency", { kind: "rule", name: "web-latency" }],
    ["runbook:restart-web", { kind: "runbook", name: "restart-web" }],
  ])("%s", (text, scope) => {
    expect(parsePauseScope(text)).toEqual({ ok: true, scope });
  });

  test.each([
    ["", "write all, rule:NAME, runbook:NAME or hosts:SELECTOR"],
    ["everything", '"everything" is no scope of a pause'],
    ["rules:x", '"rules:x" is no scope of a pause'],
    ["rule:", "write it like rule:NAME"],
    ["runbook: ", "write it like runbook:NAME"],
    ["hosts:", "the selector is empty, which never means every host"],
    ["hosts:{}", "the selector is empty, which never means every host"],
    ["hosts:role", "hosts:role: =, !=, =~ or !~ is expected"],
    ['hosts:role=~"("', 'hosts:role=~"(": '],
  ])("refuses %s", (text, message) => {
    const parsed = parsePauseScope(text);
    expect(parsed).toMatchObject({ ok: false, message: expect.stringContaining(message) });
  });
});

describe("pauses", () => {
  const pause: Pause = {
    id: "p1",
    name: "freeze",
    scope: "all",
    reason: "release",
    principal: "user:dana",
    createdAtMs: NOW_MS - HOUR_MS,
    untilMs: NOW_MS + HOUR_MS,
    removedAtMs: null,
    removedBy: null,
  };
  const facts: PauseFacts = {
    pauses: [],
    rule: "web-latency",
    runbook: "restart-web",
    hosts: [
      { name: "web-1", labels: { role: "web" } },
      { name: "web-2", labels: { role: "web", env: "prod" } },
    ],
    nowMs: NOW_MS,
  };
  const isPaused = (scope: string, more: Partial<PauseFacts> = {}) =>
    judgePauses({ ...facts, ...more, pauses: [{ ...pause, scope }] }).kind === "delays";

  test.each<[string, boolean]>([
    ["all", true],
    ["rule:web-latency", true],
    ["rule:other", false],
    ["runbook:restart-web", true],
    ["runbook:web-latency", false],
    ['hosts:role="web"', true],
    // One host must fit all of them.
    ['hosts:{role="web", env="prod"}', true],
    ['hosts:{name="web-1", env="prod"}', false],
    ['hosts:name=~"web-.*"', true],
    ['hosts:name="web-3"', false],
    ['hosts:role="db"', false],
    // Written by another version: a stop that cannot be read stops.
    ["tags:night", true],
  ])("%s", (scope, expected) => {
    expect(isPaused(scope)).toBe(expected);
  });

  test("of rules do not stop what people start", () => {
    expect(isPaused("rule:web-latency", { rule: null })).toBe(false);
    expect(isPaused("all", { rule: null })).toBe(true);
  });

  test("a host's own label does not pass for its name", () => {
    const hosts = [{ name: "web-1", labels: { name: "web-9" } }];
    expect(isPaused('hosts:name="web-9"', { hosts })).toBe(false);
    expect(isPaused('hosts:name="web-1"', { hosts })).toBe(true);
  });

  test("end to the millisecond, and when they are removed", () => {
    const at = (nowMs: number) => judgePauses({ ...facts, pauses: [pause], nowMs }).kind;
    expect([at(pause.untilMs - 1), at(pause.untilMs)]).toEqual(["delays", "passes"]);
    const removed = { ...pause, removedAtMs: NOW_MS - 1, removedBy: "user:dana" };
    expect(judgePauses({ ...facts, pauses: [removed] })).toEqual({ kind: "passes" });
  });

  test("delay until the last of those that apply ends", () => {
    const pauses = [
      pause,
      { ...pause, name: "move", scope: "rule:web-latency", untilMs: NOW_MS + 2 * HOUR_MS, reason: "racks" },
      { ...pause, name: "other", scope: "rule:other", untilMs: NOW_MS + 3 * HOUR_MS },
    ];
    expect(judgePauses({ ...facts, pauses })).toEqual({
      kind: "delays",
      reason: "paused",
      retryAtMs: NOW_MS + 2 * HOUR_MS,
      text: 'paused by "move" (rule:web-latency) until 2026-11-23T05:00:00Z by user:dana: racks; and by "freeze" (all) until 2026-11-23T04:00:00Z by user:dana: release',
    });
  });
});
