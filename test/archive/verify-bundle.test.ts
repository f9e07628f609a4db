import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { copyFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openArtifactStore } from "../../src/archive/artifact-store.ts";
import { openBundleStore } from "../../src/archive/bundle-store.ts";
import { verifyBundle } from "../../src/archive/verify-bundle.ts";
import { exampleInput, exampleRun, storeArtifact } from "./bundle-fixture.ts";
import { isInstalled } from "./programs.ts";
import { temporaryFolder } from "./temporary-folder.ts";

type Format = "zip" | "tar.gz";

async function exampleBundle(format: Format = "zip"): Promise<string> {
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
  const long = await storeArtifact(artifacts, run.id, `files/web-1/${"a/".repeat(100)}日本語.log`, "x");
  // As earlier versions named a second file.
  const second = await storeArtifact(artifacts, run.id, "metrics/latency.svg~2", "<svg/>");
  const { sha256 } = await bundles.build(exampleInput({ run, artifacts: [log, long, second] }), artifacts);
  if (format === "tar.gz") await bundles.prepareTarGz(sha256);
  return join(folder, "bundles", `${sha256}.${format}`);
}

describe.each(["zip", "tar.gz"] as const)("a %s", (format) => {
  test("has nothing wrong with it as it was made", async () => {
    expect(await verifyBundle(await exampleBundle(format))).toEqual({
      problems: [],
      isSealed: true,
      files: 19,
    });
  });

  // S8.
  test("any single changed byte is found", { timeout: 60_000 }, async () => {
    const file = await exampleBundle(format);
    const good = await readFile(file);
    const changed = `${file}.changed`;
    const edges = [0, 1, 3, 4, 8, 9, 10, good.length >> 1];
    for (let end = 1; end <= 24; end += 1) edges.push(good.length - end);
    edges.push(good.length - 65, good.length - 76, good.length - 130);
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const bytes = Buffer.from(good);
        bytes[at] = (bytes[at] ?? 0) ^ mask;
        await writeFile(changed, bytes);
        expect((await verifyBundle(changed)).problems).not.toEqual([]);
      }),
      {
        numRuns: 200,
        examples: edges
          .flatMap((at) => [[at, 1] as const, [at, 32] as const])
          .map(([at, mask]) => [at, mask]),
      },
    );
  });

  test("a cut end and an appended one are found", async () => {
    const file = await exampleBundle(format);
    const good = await readFile(file);
    for (const bytes of [
      good.subarray(0, -1),
      Buffer.concat([good, Buffer.from("x")]),
      Buffer.concat([good, good]),
      good.subarray(1),
      Buffer.alloc(0),
    ]) {
      await writeFile(`${file}.changed`, bytes);
      expect((await verifyBundle(`${file}.changed`)).problems).not.toEqual([]);
    }
  });
});

test("files of a tar.gz that was packed anew are checked all the same", async () => {
  const file = await exampleBundle("tar.gz");
  const folder = await temporaryFolder();
  execFileSync("tar", ["-xzf", file, "-C", folder]);
  const [root = ""] = await readdir(folder);
  const again = join(folder, "again.tar.gz");
  const pack = () => execFileSync("tar", ["--format=gnu", "-czf", again, "-C", folder, root]);
  await writeFile(join(folder, root, "files/web-1/app.log"), "all is well\n");
  pack();
  const { problems, isSealed } = await verifyBundle(again);
  expect(isSealed).toBe(false);
  // GNU tar writes folders as entries, which no bundle of ours has.
  expect(problems.join("; ")).toContain("is no file (type 5)");
  execFileSync("sh", [
    "-c",
    `cd "$1" && find "$2" -type f | tar --format=gnu -czf again.tar.gz -T -`,
    "sh",
    folder,
    root,
  ]);
  const files = await verifyBundle(again);
  expect(files.problems).toEqual(
    expect.arrayContaining([
      "files/web-1/app.log differs from the manifest",
      "files/web-1/app.log differs from SHA256SUMS",
    ]),
  );
  expect(files.problems).toHaveLength(3);
});

test.skipIf(!isInstalled("zip"))("names the file that was replaced, added or taken out by zip", async () => {
  const file = await exampleBundle();
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
  expect(problems.join("; ")).toContain("the archive cannot be read");
});
