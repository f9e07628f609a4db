import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openArtifactStore } from "../../src/archive/artifact-store.ts";
import { openBundleStore } from "../../src/archive/bundle-store.ts";
import { verifyBundle } from "../../src/archive/verify-bundle.ts";
import { exampleInput, exampleRun, storeArtifact } from "./bundle-fixture.ts";
import { isInstalled } from "./programs.ts";
import { temporaryFolder } from "./temporary-folder.ts";

async function exampleZip(): Promise<string> {
  const folder = await temporaryFolder();
  const artifacts = await openArtifactStore(folder);
  const bundles = await openBundleStore(folder);
  const run = exampleRun();
  const log = await storeArtifact(
    artifacts,
    run.id,
    "files/web-1/app.log",
    "the same line again\n".repeat(1_000),
  );
  const { sha256 } = await bundles.build(exampleInput({ run, artifacts: [log] }), artifacts);
  return join(folder, "bundles", `${sha256}.zip`);
}

test("finds nothing wrong with a bundle", async () => {
  expect(await verifyBundle(await exampleZip())).toEqual({ problems: [], isSealed: true, files: 17 });
});

test("finds any single changed byte", async () => {
  const file = await exampleZip();
  const good = await readFile(file);
  const changed = `${file}.changed`;
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
      const bytes = Buffer.from(good);
      bytes[at] = (bytes[at] ?? 0) ^ mask;
      await writeFile(changed, bytes);
      expect((await verifyBundle(changed)).problems).not.toEqual([]);
    }),
    {
      numRuns: 150,
      examples: [
        [0, 1],
        [good.length - 1, 1],
        [good.length - 1, 32],
        [good.length - 65, 1],
      ],
    },
  );
});

test("finds a cut end and an appended one", async () => {
  const file = await exampleZip();
  const good = await readFile(file);
  for (const bytes of [
    good.subarray(0, -1),
    Buffer.concat([good, Buffer.from("x")]),
    good.subarray(1),
    Buffer.alloc(0),
  ]) {
    await writeFile(`${file}.changed`, bytes);
    expect((await verifyBundle(`${file}.changed`)).problems).not.toEqual([]);
  }
});

test.skipIf(!isInstalled("zip"))("names the file that was replaced, added or taken out by zip", async () => {
  const file = await exampleZip();
  const folder = await temporaryFolder();
  const names = execFileSync("unzip", ["-Z1", file], { encoding: "utf8" }).trim().split("\n");
  const [root = ""] = (names[0] ?? "").split("/");
  execFileSync("unzip", ["-q", file, "-d", folder]);
  await writeFile(join(folder, root, "files/web-1/app.log"), "all is well\n");
  await writeFile(join(folder, root, "extra.txt"), "x");
  const changed = join(folder, "changed.zip");
  await copyFile(file, changed);
  execFileSync("zip", ["-q", changed, `${root}/files/web-1/app.log`, `${root}/extra.txt`], { cwd: folder });
  execFileSync("zip", ["-q", "-d", changed, `${root}/decision.json`], { cwd: folder });
  const { problems } = await verifyBundle(changed);
  expect(problems).toEqual(
    expect.arrayContaining([
      "files/web-1/app.log differs from the manifest",
      "files/web-1/app.log differs from SHA256SUMS",
      "extra.txt is in no list",
      "decision.json is missing",
    ]),
  );
});

test("says that something else is no bundle", async () => {
  const file = join(await temporaryFolder(), "x.zip");
  await writeFile(file, "no zip at all ".repeat(100));
  const { problems, isSealed } = await verifyBundle(file);
  expect(isSealed).toBe(false);
  expect(problems.join("; ")).toContain("the zip cannot be read");
});
