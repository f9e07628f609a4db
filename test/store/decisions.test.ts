import { expect, test } from "vitest";
import { newId } from "../../src/platform/ids.ts";
import { DECISION_KINDS, REASONS } from "../../src/runs/reasons.ts";
import { insertDecisions, readDecisions } from "../../src/store/decisions.ts";
import { newDecision } from "./rows.ts";
import { describeStores } from "./stores.ts";

describeStores("decisions", ({ store, dialect }) => {
  test("gives back the decisions of an episode in the order they were made", async () => {
    const episodeId = newId();
    const decisions = [
      ...DECISION_KINDS.map((kind) => newDecision({ episodeId, kind })),
      ...REASONS.map((reason) =>
        newDecision({ episodeId, kind: "refused", reason, rule: "slow", runId: newId() }),
      ),
    ];
    const mixed = [...decisions, newDecision(), newDecision({ episodeId: null, deliveryId: null })].reverse();
    await store().transaction((tx) => insertDecisions(tx, dialect, mixed));
    expect(await readDecisions(store().reader, episodeId)).toEqual(decisions);
  });

  test("keeps whatever a detail holds", async () => {
    const detail = JSON.parse(
      '{"__proto__": {"polluted": true}, "text": "a\\u0000b \\ud800", "list": [1, 2.5, null], "huge": ""}',
    ) as Record<string, unknown>;
    detail["huge"] = "x".repeat(2 ** 21);
    const decision = newDecision({ detail });
    await store().transaction((tx) => insertDecisions(tx, dialect, [decision]));
    const [read] = await readDecisions(store().reader, decision.episodeId ?? "");
    expect(JSON.stringify(read?.detail)).toBe(JSON.stringify(detail));
    expect("polluted" in {}).toBe(false);
  });
});
