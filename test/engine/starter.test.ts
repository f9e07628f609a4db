import { describe, expect, test } from "vitest";
import { LOCAL_PRINCIPAL, type Principal } from "../../src/access/principal.ts";
import { starterOf, triggerOf, whoElseMayRun } from "../../src/engine/starter.ts";

const DANA: Principal = {
  id: "user:dana",
  name: "dana",
  groups: ["dba"],
  role: "admin",
  isLocal: false,
};
const access = (...run: string[]) => ({ access: { view: [], run, approve: [] } });
const SCHEDULE = { kind: "schedule", name: "nightly" } as const;

describe("who may start a run", () => {
  test.each([
    ["nobody is named, not even an admin", DANA, { access: null }, []],
    ["the list is empty", DANA, access(), []],
    ["others are named", DANA, access("group:sre", "user:erin"), ["group:sre", "user:erin"]],
    ["a group of theirs is named", DANA, access("group:dba"), null],
    ["they are named", DANA, access("user:dana"), null],
    ["everyone is named", DANA, access("everyone"), null],
    ["there is no login", LOCAL_PRINCIPAL, { access: null }, null],
  ])("%s", (_case, principal, runbook, may) => {
    expect(whoElseMayRun(starterOf(principal), runbook)).toEqual(may);
  });

  test("a schedule needs no grant: it is configuration", () => {
    expect(whoElseMayRun(SCHEDULE, access())).toBeNull();
  });
});

test("a trigger names its principal; what is no person's is the api", () => {
  const none = { rule: null, episodeId: null };
  expect(triggerOf(starterOf(DANA))).toEqual({ ...none, kind: "person", principal: "user:dana" });
  expect(triggerOf(SCHEDULE)).toEqual({ ...none, kind: "schedule", principal: "schedule:nightly" });
  const robot = starterOf({ ...DANA, id: "service:ci" });
  expect(triggerOf(robot)).toEqual({ ...none, kind: "api", principal: "service:ci" });
});
