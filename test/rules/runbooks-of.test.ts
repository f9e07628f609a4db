import { expect, test } from "vitest";
import { runbooksOf } from "../../src/rules/runbooks-of.ts";

test("a rule may start its own runbook, those of its ladder, and the one for when the alert ends", () => {
  expect(
    runbooksOf({
      runbook: "restart",
      ladder: [
        { kind: "run", runbook: "replace", mode: null, with: new Map() },
        { kind: "tell", to: "people", title: null, text: "It still fires." },
      ],
      onResolve: { kind: "run", runbook: "tidy", with: new Map() },
    }),
  ).toEqual(["restart", "replace", "tidy"]);
  expect(runbooksOf({ runbook: null, ladder: [], onResolve: { kind: "let_finish" } })).toEqual([]);
});
