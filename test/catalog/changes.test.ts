// What a reload changed, by name.
import { expect, test } from "vitest";
import { compareByName, compareCatalogs } from "../../src/catalog/changes.ts";
import { loadCatalog } from "../../src/catalog/load.ts";
import { createConfigFolder, GOOD } from "./folder.ts";

const NOTHING = { added: [], removed: [], changed: [], more: 0 };
const RULE = GOOD["rules/10-slow.yml"] ?? "";

async function changesOf(before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>) {
  await using folder = await createConfigFolder({ ...GOOD, ...before });
  const earlier = await loadCatalog(folder.source);
  for (const [file, text] of Object.entries(after)) await folder.write(file, text);
  return compareCatalogs(earlier, await loadCatalog(folder.source));
}

test("a comment and a blank line change no rule and no host, but a runbook, whose text plans freeze", async () => {
  const comment = "# a comment\n\n";
  const files = Object.fromEntries(Object.entries(GOOD).map(([name, text]) => [name, comment + text]));
  expect(await changesOf({}, files)).toEqual({
    rules: NOTHING,
    runbooks: { ...NOTHING, changed: ["look"] },
    schedules: NOTHING,
    hosts: NOTHING,
    isRuleOrderChanged: false,
  });
});

test("a rule that says something else has changed, also in a part that it shares with others", async () => {
  const shared = (cooldown: string) =>
    RULE.replace("guards: {cooldown: 30m}", `guards: &same {cooldown: ${cooldown}}`) +
    RULE.replace("rules:\n", "")
      .replace("slow", "slower")
      .replace("guards: {cooldown: 30m}", "guards: *same");
  const changes = await changesOf(
    { "rules/10-slow.yml": shared("30m") },
    { "rules/10-slow.yml": shared("1h") },
  );
  expect(changes.rules).toEqual({ ...NOTHING, changed: ["slow", "slower"] });
});

test("a rule that moves to another file has not changed, but the order may have", async () => {
  const two = RULE + RULE.replace("rules:\n", "").replace("slow", "slower");
  const moved = { "rules/10-slow.yml": RULE.replace("slow", "slower"), "rules/20.yml": RULE };
  const changes = await changesOf({ "rules/10-slow.yml": two }, moved);
  expect([changes.rules, changes.isRuleOrderChanged]).toEqual([NOTHING, true]);
});

test("of very many names the first are told and the rest counted", () => {
  const names = Array.from(
    { length: 250 },
    (_, index) => [`host-${String(index).padStart(3, "0")}`, index] as const,
  );
  const changes = compareByName(new Map(), new Map(names));
  expect([changes.added.length, changes.added[99], changes.more]).toEqual([100, "host-099", 150]);
});
