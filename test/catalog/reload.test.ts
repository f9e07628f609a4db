// The snapshot in use is replaced only by a good one, and only as a whole.
import { rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { CatalogError, CatalogHolder, type ReloadResult } from "../../src/catalog/reload.ts";
import { type ConfigFolder, createConfigFolder, GOOD } from "./folder.ts";

const RULE = GOOD["rules/10-slow.yml"] ?? "";

async function open(files = GOOD): Promise<{ folder: ConfigFolder; holder: CatalogHolder }> {
  const folder = await createConfigFolder(files);
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const holder = await CatalogHolder.open(folder.source);
  onTestFinished(() => holder.close());
  return { folder, holder };
}

describe("a reload", () => {
  test("replaces the whole snapshot", async () => {
    const { folder, holder } = await open();
    const before = holder.current();
    await folder.write("rules/20.yml", RULE.replace("slow", "slower"));
    expect(await holder.reload()).toMatchObject({ kind: "changed" });
    expect(holder.current().rules.map((rule) => rule.name)).toEqual(["slow", "slower"]);
    expect(holder.current().revision).toBe(before.revision + 1);
    expect(holder.current().digest).not.toBe(before.digest);
    expect(before.rules.map((rule) => rule.name)).toEqual(["slow"]);
  });

  test("keeps the same snapshot when nothing changed", async () => {
    const { holder } = await open();
    const before = holder.current();
    expect(await holder.reload()).toMatchObject({ kind: "unchanged" });
    expect(holder.current()).toBe(before);
  });

  test.each<[string, (folder: ConfigFolder) => Promise<void>, string]>([
    [
      "a file is half written",
      (folder) => folder.write("rules/10-slow.yml", RULE.slice(0, 70)),
      "yaml-syntax",
    ],
    ["a file is empty", (folder) => folder.write("rules/10-slow.yml", ""), "empty-file"],
    [
      "a runbook that a rule needs is removed",
      (folder) => rename(join(folder.path, "runbooks/look.yml"), join(folder.path, "runbooks/look.yml.bak")),
      "no-files",
    ],
    ["the only rule file is removed", (folder) => folder.remove("rules/10-slow.yml"), "no-files"],
    ["the folder is removed", (folder) => folder.remove("rules"), "no-files"],
    ["the inventory is removed", (folder) => folder.remove("hosts.yml"), "no-files"],
    [
      "a host that a rule names is removed",
      (folder) =>
        folder.write("rules/20.yml", RULE.replace("slow", "b").replace(/with: .*/, "with: {host: web-9}")),
      "unknown-host",
    ],
    [
      "a file becomes a link to nowhere",
      async (folder) => {
        await folder.remove("rules/10-slow.yml");
        await symlink("gone", join(folder.path, "rules/10-slow.yml"));
      },
      "unreadable-file",
    ],
  ])("keeps the last good snapshot when %s", async (_, damage, code) => {
    const { folder, holder } = await open();
    const before = holder.current();
    await damage(folder);
    const result = await holder.reload();
    expect(result).toMatchObject({ kind: "refused", catalog: before });
    expect(holder.problems().map((problem) => problem.code)).toContain(code);
    expect(holder.current()).toBe(before);
  });

  test("is good again once the file is", async () => {
    const { folder, holder } = await open();
    await folder.write("rules/10-slow.yml", "rules: [");
    await holder.reload();
    await folder.write("rules/10-slow.yml", RULE.replace("30m", "1h"));
    expect(await holder.reload()).toMatchObject({ kind: "changed" });
    expect(holder.problems()).toEqual([]);
    expect(holder.current().rules[0]?.guards.cooldownMs).toBe(3_600_000);
  });

  test("waits for the one before it, so that the last state of the files wins", async () => {
    const { folder, holder } = await open();
    const first = holder.reload();
    await writeFile(join(folder.path, "rules/10-slow.yml"), RULE.replace("30m", "2h"));
    await Promise.all([first, holder.reload()]);
    expect(holder.current().rules[0]?.guards.cooldownMs).toBe(7_200_000);
  });

  test("takes changed settings with it, also when the files are the same", async () => {
    const { folder, holder } = await open();
    expect(await holder.reload({ ...folder.source, isAnyoneTold: false })).toMatchObject({ kind: "refused" });
    expect(await holder.reload({ ...folder.source, isAnyoneTold: true })).toMatchObject({ kind: "changed" });
  });
});

test("a start with a wrong configuration is refused with everything that is wrong", async () => {
  await using folder = await createConfigFolder({
    ...GOOD,
    "rules/20.yml": "rules: 5",
    "hosts.yml": "host: []",
  });
  const error = await CatalogHolder.open(folder.source).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CatalogError);
  expect((error as CatalogError).problems.length).toBeGreaterThanOrEqual(2);
});

describe("watching", () => {
  async function watched() {
    const { folder, holder } = await open();
    const results: ReloadResult[] = [];
    const errors: unknown[] = [];
    holder.watch(
      (result) => results.push(result),
      (error) => errors.push(error),
    );
    const waitFor = async (kind: ReloadResult["kind"]) => {
      await vi.waitFor(() => expect(results.map((result) => result.kind)).toContain(kind), {
        timeout: 10_000,
        interval: 20,
      });
      results.length = 0;
    };
    return { folder, holder, waitFor, errors };
  }

  test("loads a file that is added, and one that is replaced by a rename, as editors do", async () => {
    const { folder, holder, waitFor, errors } = await watched();
    await folder.write("rules/20.yml", RULE.replace("slow", "slower"));
    await waitFor("changed");
    await folder.write("rules/20.yml~", RULE.replace("slow", "slowest"));
    await rename(join(folder.path, "rules/20.yml~"), join(folder.path, "rules/20.yml"));
    await waitFor("changed");
    expect(holder.current().rules.map((rule) => rule.name)).toEqual(["slow", "slowest"]);
    expect(errors).toEqual([]);
  });

  test("follows the link that Kubernetes swaps", async () => {
    const { folder, holder, waitFor } = await watched();
    await folder.write("rules/..1/20.yml", RULE.replace("slow", "first"));
    await folder.write("rules/..2/20.yml", RULE.replace("slow", "second"));
    await symlink("..1", join(folder.path, "rules/..data"));
    await symlink("..data/20.yml", join(folder.path, "rules/20.yml"));
    await waitFor("changed");
    await symlink("..2", join(folder.path, "rules/..data_tmp"));
    await rename(join(folder.path, "rules/..data_tmp"), join(folder.path, "rules/..data"));
    await waitFor("changed");
    expect(holder.current().rules.map((rule) => rule.name)).toEqual(["slow", "second"]);
  });

  test("survives a folder that goes and comes back", async () => {
    const { folder, holder, waitFor } = await watched();
    const before = holder.current();
    await folder.remove("rules");
    await waitFor("refused");
    expect(holder.current()).toBe(before);
    await folder.write("rules/10-slow.yml", RULE.replace("30m", "3h"));
    await waitFor("changed");
    await folder.write("rules/10-slow.yml", RULE.replace("30m", "4h"));
    await waitFor("changed");
    expect(holder.current().rules[0]?.guards.cooldownMs).toBe(4 * 3_600_000);
  });
});
