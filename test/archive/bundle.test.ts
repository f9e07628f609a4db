// Bundles unpacked by the tools that people have, and checked by sha256sum.
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { type ArtifactStore, openArtifactStore } from "../../src/archive/artifact-store.ts";
import { zipOf } from "../../src/archive/bundle.ts";
import type { BundleInput } from "../../src/archive/bundle-input.ts";
import { type BundleStore, openBundleStore } from "../../src/archive/bundle-store.ts";
import { sha256 } from "../../src/platform/digest.ts";
import { PackedList } from "../../src/platform/packed-list.ts";
import type { Artifact } from "../../src/runs/records.ts";
import { RUN_STATES } from "../../src/runs/states.ts";
import {
  exampleEpisode,
  exampleInput,
  exampleRun,
  exampleStep,
  storeArtifact,
  T0,
} from "./bundle-fixture.ts";
import { isInstalled } from "./programs.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const run = promisify(execFile);

interface Archive {
  readonly folder: string;
  readonly artifacts: ArtifactStore;
  readonly bundles: BundleStore;
}

async function openArchive(): Promise<Archive> {
  const folder = await temporaryFolder();
  const artifacts = await openArtifactStore(folder);
  return { folder, artifacts, bundles: await openBundleStore(folder) };
}

/** Builds the bundle, unpacks it with the program, and gives the folder that came out. */
async function unpack(
  archive: Archive,
  input: BundleInput,
  program: "unzip" | "tar" | "bsdtar",
): Promise<string> {
  const { sha256: digest } = await archive.bundles.build(input, archive.artifacts);
  const target = join(await temporaryFolder(), "out");
  await mkdir(target);
  if (program === "unzip")
    await run("unzip", ["-q", join(archive.folder, "bundles", `${digest}.zip`), "-d", target]);
  if (program === "bsdtar")
    await run("bsdtar", ["-xf", join(archive.folder, "bundles", `${digest}.zip`), "-C", target]);
  if (program === "tar") {
    await archive.bundles.prepareTarGz(digest);
    await run("tar", ["-xzf", join(archive.folder, "bundles", `${digest}.tar.gz`), "-C", target]);
  }
  const [name = ""] = await readdir(target);
  expect(await readdir(target)).toHaveLength(1);
  return join(target, name);
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

async function checkSums(folder: string): Promise<void> {
  if (!isInstalled("sha256sum")) return;
  const { stdout } = await run("sha256sum", ["-c", "SHA256SUMS"], { cwd: folder });
  expect(
    stdout
      .trim()
      .split("\n")
      .every((line) => line.endsWith(": OK")),
  ).toBe(true);
  const listed = (await readFile(join(folder, "SHA256SUMS"), "utf8"))
    .trim()
    .split("\n")
    .map((line) => line.slice(66));
  expect(listed.sort()).toEqual((await filesBelow(folder)).filter((path) => path !== "SHA256SUMS"));
}

async function exampleBundle(archive: Archive): Promise<BundleInput> {
  const example = exampleRun();
  const put = (path: string, content: string, stepId: string) =>
    storeArtifact(archive.artifacts, example.id, path, content, { stepId });
  return exampleInput({
    run: example,
    steps: exampleInput({ run: example }).steps.map((step) =>
      step.id === "restart" ? { ...step, attempts: 2 } : step,
    ),
    artifacts: [
      await put("steps/03-restart/attempt-1/stdout.log", "first try\n", "restart"),
      await put("steps/03-restart/attempt-2/stdout.log", "second try\n", "restart"),
      await put("metrics/latency.json", "{}\n", "graph"),
      await put("metrics/latency.svg", "<svg/>\n", "graph"),
      await put("files/web-1/var/log/nginx/error.log", "error\n".repeat(5_000), "logs"),
      await put("responses/health.json", "{}\n", "graph"),
    ],
    problems: [{ stepId: "logs", path: "/var/log/nginx/*.gz", message: "no file matches" }],
  });
}

describe.each(["unzip", "tar", "bsdtar"] as const)("a bundle unpacked by %s", (program) => {
  test.skipIf(!isInstalled(program))("has the promised layout, and sha256sum agrees", async () => {
    const archive = await openArchive();
    const input = await exampleBundle(archive);
    const folder = await unpack(archive, input, program);
    expect(folder.split("/").at(-1)).toBe(
      `nightshift-2026-11-23T03-12-45Z-restart-web-web-1-${input.run.id}`,
    );
    expect(await filesBelow(folder)).toEqual(
      [
        "README.md",
        "SHA256SUMS",
        "alert.json",
        "audit.jsonl",
        "decision.json",
        "errors.txt",
        "files/web-1/var/log/nginx/error.log",
        "inputs.json",
        "manifest.json",
        "metrics/latency.json",
        "metrics/latency.svg",
        "responses/health.json",
        "run.json",
        "runbook.yml",
        "steps/01-graph/meta.json",
        "steps/02-logs/meta.json",
        "steps/03-restart/attempt-1/stdout.log",
        "steps/03-restart/meta.json",
        "steps/03-restart/stderr.log",
        "steps/03-restart/stdout.log",
        "summary.md",
      ].sort(),
    );
    await checkSums(folder);
    expect(await readFile(join(folder, "steps/03-restart/stdout.log"), "utf8")).toBe("second try\n");
    expect(await readFile(join(folder, "errors.txt"), "utf8")).toBe(
      "step logs: /var/log/nginx/*.gz: no file matches\n",
    );
  });

  test.skipIf(!isInstalled(program))("stays in its folder whatever the files are called", async () => {
    const archive = await openArchive();
    const example = exampleRun({ runbook: "../../evil", plan: { ...exampleRun().plan, hosts: [] } });
    const names = [
      "../../etc/passwd",
      "/etc/shadow",
      "..%2f..%2fx",
      "C:\\evil.exe",
      "-",
      "-rf",
      "a\nb",
      "x".repeat(300),
      "\u202etxt.exe",
      "a\u0000b",
      "\u001b]52;c;x\u0007",
      "<img onerror=x>",
      "*?",
      "nul",
      "a/./b",
      "\ud800",
    ];
    const artifacts = [];
    for (const name of names)
      artifacts.push(await storeArtifact(archive.artifacts, example.id, `files/web-1/${name}`, name));
    const folder = await unpack(archive, exampleInput({ run: example, artifacts }), program);
    await checkSums(folder);
    const unpacked = (await filesBelow(folder)).filter((path) => path.startsWith("files/"));
    expect(unpacked).toEqual(artifacts.map(({ path }) => path).sort());
    expect(unpacked).toHaveLength(names.length);
  });
});

test("the same revision gives the same bytes, another one others", async () => {
  const archive = await openArchive();
  const input = await exampleBundle(archive);
  const first = await archive.bundles.build(input, archive.artifacts);
  const again = await archive.bundles.build(structuredClone(input), archive.artifacts);
  expect(again).toEqual(first);
  expect((await archive.bundles.build({ ...input, revision: 2 }, archive.artifacts)).sha256).not.toBe(
    first.sha256,
  );
  expect(await readdir(join(archive.folder, "aside"))).toEqual([]);
});

test("a stored bundle is named by its digest, read in ranges, and made into tar.gz once", async () => {
  const archive = await openArchive();
  const { sha256: digest, bytes } = await archive.bundles.build(
    await exampleBundle(archive),
    archive.artifacts,
  );
  const whole = await buffer(await archive.bundles.read(digest, "zip"));
  expect(sha256(whole)).toBe(digest);
  expect(whole).toHaveLength(bytes);
  expect(await buffer(await archive.bundles.read(digest, "zip", { start: 10, end: 20 }))).toEqual(
    whole.subarray(10, 20),
  );
  expect(await archive.bundles.stat(digest, "tar.gz")).toBeNull();
  await expect(archive.bundles.read(digest, "tar.gz")).rejects.toMatchObject({ code: "not-found" });
  const [left, right] = await Promise.all([
    archive.bundles.prepareTarGz(digest),
    archive.bundles.prepareTarGz(digest),
  ]);
  expect(left).toEqual(right);
  expect(await archive.bundles.stat(digest, "tar.gz")).toEqual(left);
  await archive.bundles.remove(digest);
  await archive.bundles.remove(digest);
  expect(await archive.bundles.stat(digest, "zip")).toBeNull();
  await expect(archive.bundles.prepareTarGz(digest)).rejects.toMatchObject({ code: "not-found" });
});

describe("a bundle exists for every state", () => {
  test.each(RUN_STATES)("%s", async (state) => {
    const archive = await openArchive();
    const isStarted = state !== "queued" && state !== "waiting_person" && state !== "rejected";
    const isOver = isStarted && state !== "running";
    const input = exampleInput({
      run: exampleRun({
        state,
        outcome: null,
        outcomeBecause: null,
        summary: null,
        startedAtMs: isStarted ? T0 : null,
        finishedAtMs: isOver ? T0 + 5_000 : null,
        failedStep: state === "failed" ? "restart" : null,
        message: state === "succeeded" ? null : `it is ${state}`,
      }),
      episodes: [],
      decision: null,
      events: [],
      isComplete: isOver,
      steps: state === "queued" ? [] : exampleInput().steps,
    });
    const { sha256: digest } = await archive.bundles.build(input, archive.artifacts);
    expect(await archive.bundles.stat(digest, "zip")).not.toBeNull();
  });
});

test("names what is gone from the archive, and holds the rest", async () => {
  const archive = await openArchive();
  const input = await exampleBundle(archive);
  const [first] = input.artifacts;
  if (first === undefined) throw new Error("the example has files");
  const gone = { ...first, path: "files/web-1/gone.log" };
  const folder = await unpack(archive, { ...input, artifacts: [...input.artifacts, gone] }, "unzip");
  await checkSums(folder);
  const manifest = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8"));
  expect(manifest.missing).toEqual(["files/web-1/gone.log"]);
  expect(await readFile(join(folder, "errors.txt"), "utf8")).toContain(
    "files/web-1/gone.log: is no longer in the archive",
  );
});

test("the manifest tells of each file where it came from", async () => {
  const archive = await openArchive();
  const example = exampleRun();
  const log = await storeArtifact(archive.artifacts, example.id, "files/web-1/app.log", "x", {
    stepId: "logs",
    isTruncated: true,
    isChanged: true,
  });
  const folder = await unpack(archive, exampleInput({ run: example, artifacts: [log] }), "unzip");
  const manifest = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8"));
  expect(manifest).toMatchObject({
    schema: 1,
    revision: 1,
    complete: true,
    run: { id: example.id, status: "succeeded" },
  });
  expect(manifest.files.find((file: { path: string }) => file.path === "files/web-1/app.log")).toEqual({
    path: "files/web-1/app.log",
    size: 1,
    sha256: sha256("x"),
    step: "logs",
    host: "web-1",
    content_type: "text/plain",
    truncated: true,
    changed: true,
    redactions: null,
  });
});

test("text from outside cannot pass for something else in the documents for people", async () => {
  const archive = await openArchive();
  const evil =
    "<img src=x onerror=alert(1)> [click](javascript:x) `x` | y\n# heading \u001b[2J\u001b]52;c;aGk=\u0007\u202e";
  const input = exampleInput({
    run: exampleRun({ message: evil, summary: evil, state: "failed", failedStep: "restart" }),
    episodes: [
      {
        ...exampleEpisode(),
        labels: new Map([
          ["alertname", evil],
          ["__proto__", "x"],
        ]),
        startsAt: evil,
      },
    ],
    steps: [exampleStep("", "restart", { state: "failed", message: evil, host: evil })],
    problems: [{ stepId: "restart", path: evil, message: evil }],
    notices: [{ atMs: T0, to: evil, event: "failed", isDelivered: false, message: evil }],
  });
  const folder = await unpack(archive, input, "unzip");
  for (const name of ["README.md", "summary.md"]) {
    const markdown = (await readFile(join(folder, name), "utf8")).replaceAll(
      /(`+)(?!`).*?[^`]\1(?!`)/g,
      "CODE",
    );
    expect(markdown).not.toMatch(/(?<!\\)<img|(?<!\\)\[click|^# heading/m);
    expect(markdown).not.toMatch(/\p{Cf}|(?!\n)\p{Cc}/u);
  }
  expect(await readFile(join(folder, "errors.txt"), "utf8")).not.toMatch(/(?!\n)\p{Cc}/u);
  const alert = JSON.parse(await readFile(join(folder, "alert.json"), "utf8"));
  expect(Object.hasOwn(alert.labels, "__proto__")).toBe(true);
});

test("the summary says in its first lines what a person needs at night", async () => {
  const archive = await openArchive();
  const input = exampleInput({
    run: exampleRun({
      state: "failed",
      outcome: null,
      failedStep: "restart",
      message: "step restart exited with 1",
    }),
    notices: [{ atMs: T0 + 22_000, to: "oncall-web", event: "failed", isDelivered: true, message: null }],
  });
  const folder = await unpack(archive, input, "unzip");
  const summary = await readFile(join(folder, "summary.md"), "utf8");
  expect(summary.split("\n## ")[0]).toBe(`# restart-web on web-1: failed

- Result: **failed**. step restart exited with 1
- Outcome: not known yet; the alert is being watched, and a later revision of this bundle will say
- Alert: \`HighRequestLatency\` since 2026-11-23T03:11:45.678Z, now firing
- Time: 2026-11-23 03:12:45 UTC to 2026-11-23 03:13:06 UTC (21s)
- Look first at: \`restart\`, \`steps/03-restart/stderr.log\`
- Page: ${input.url}
`);
  expect(summary).toContain("- oncall-web: told, 2026-11-23 03:13:07 UTC, about `failed`");
});

test("the summary counts those whom a step has told", async () => {
  const archive = await openArchive();
  const tell = { verb: "notify", host: null, exitCode: null } as const;
  const steps = [
    exampleStep("", "tell", tell),
    exampleStep("", "tell_more", { ...tell, position: 1, state: "failed" }),
    exampleStep("", "tell_none", { ...tell, position: 2, state: "skipped", attempts: 0 }),
  ];
  const folder = await unpack(archive, exampleInput({ steps }), "unzip");
  const summary = await readFile(join(folder, "summary.md"), "utf8");
  expect(summary.split("## Who was told\n\n")[1]).toBe(`- step \`tell\`: told, 2026-11-23 03:12:48 UTC
- step \`tell_more\`: **not reached**, 2026-11-23 03:12:48 UTC
`);
});

test("more entries than a plain zip can count", { timeout: 60_000 }, async () => {
  const archive = await openArchive();
  const example = exampleRun();
  const one = await storeArtifact(archive.artifacts, example.id, "files/web-1/one", "x");
  const artifacts = Array.from({ length: 65_540 }, (_, index) => ({ ...one, path: `files/web-1/${index}` }));
  // One stored file under many names: writing 65,540 of them durably is not what is tested here.
  const many: ArtifactStore = {
    ...archive.artifacts,
    stat: async (_runId, path) => ({ path, bytes: 1 }),
    read: async () => Readable.from([Buffer.from("x")]),
  };
  const file = join(archive.folder, "many.zip");
  await writeFile(file, zipOf(exampleInput({ run: example, artifacts }), many));
  const { stdout } = await run("unzip", ["-Z1", file], { maxBuffer: 64 * 1024 * 1024 });
  expect(stdout.trim().split("\n")).toHaveLength(65_540 + 16);
});

test.each(["first", "last"])(
  "a reader that goes away at the %s part leaves no open file behind",
  async (when) => {
    const archive = await openArchive();
    const example = exampleRun();
    const content = Buffer.alloc(8 * 1024 * 1024, "ab12");
    const large = await storeArtifact(archive.artifacts, example.id, "files/large", content);
    const input = exampleInput({ run: example, artifacts: [large] });
    let parts = 0;
    for await (const chunk of zipOf(input, archive.artifacts)) parts += Math.sign(chunk.byteLength);
    const openFiles = async () => (await readdir("/proc/self/fd")).length;
    const before = await openFiles();
    let left = when === "first" ? 1 : parts - 1;
    for await (const chunk of zipOf(input, archive.artifacts)) {
      left -= Math.sign(chunk.byteLength);
      if (left === 0) break;
    }
    await expect.poll(openFiles).toBeLessThanOrEqual(before);
  },
);

test("a source that fails in the middle fails the bundle, and leaves nothing", async () => {
  const archive = await openArchive();
  const example = exampleRun();
  const file = await storeArtifact(archive.artifacts, example.id, "files/x", "x".repeat(10_000));
  const broken: ArtifactStore = {
    ...archive.artifacts,
    read: async (runId, path) => {
      const stream = await archive.artifacts.read(runId, path);
      setImmediate(() => stream.destroy(new Error("disk gone")));
      return stream;
    },
  };
  await expect(
    archive.bundles.build(exampleInput({ run: example, artifacts: [file] }), broken),
  ).rejects.toThrow("disk gone");
  expect(await readdir(join(archive.folder, "aside"))).toEqual([]);
  expect(await readdir(join(archive.folder, "bundles"))).toEqual([]);
});

test("a bundle of many files is made in a thread of its own, with the same bytes, and holds all of them", {
  timeout: 60_000,
}, async () => {
  const archive = await openArchive();
  const example = exampleRun();
  const packed = new PackedList<Artifact>();
  const folder = join(archive.folder, "runs", example.id, "files/web-1");
  await mkdir(folder, { recursive: true });
  for (let index = 0; index < 2_500; index += 1) {
    const content = `line ${index}\n`.repeat(index % 7);
    await writeFile(join(folder, `${index}.log`), content);
    packed.push({
      runId: example.id,
      path: `files/web-1/${index}.log`,
      stepId: "logs",
      host: "web-1",
      bytes: content.length,
      sha256: sha256(content),
      contentType: "text/plain",
      isTruncated: false,
      isChanged: false,
      isSensitive: false,
      redactions: null,
    });
  }
  const listed = [...packed];
  const input = exampleInput({ run: example, artifacts: packed });
  // Given as an array, it is made here.
  const here = await archive.bundles.build({ ...input, artifacts: listed }, archive.artifacts);
  const zip = await buffer(await archive.bundles.read(here.sha256, "zip"));
  await archive.bundles.remove(here.sha256);
  const inThread = await archive.bundles.build(input, archive.artifacts);
  expect(inThread).toEqual(here);
  expect(await buffer(await archive.bundles.read(here.sha256, "zip"))).toEqual(zip);
  expect(await readdir(join(archive.folder, "aside"))).toEqual([]);
  const folderOut = await unpack(archive, { ...input, artifacts: listed }, "bsdtar");
  await checkSums(folderOut);
  expect((await filesBelow(folderOut)).filter((path) => path.startsWith("files/"))).toHaveLength(2_500);
});

test("a thread that cannot make its bundle says why, and leaves nothing", async () => {
  const archive = await openArchive();
  const example = exampleRun();
  const one = await storeArtifact(archive.artifacts, example.id, "files/one", "x");
  const packed = new PackedList<Artifact>();
  for (let index = 0; index < 2_000; index += 1)
    packed.push({ ...one, path: index === 7 ? "../x" : `files/${index}` });
  await expect(
    archive.bundles.build(exampleInput({ run: example, artifacts: packed }), archive.artifacts),
  ).rejects.toThrow('a large bundle could not be made: "../x" is no path of a stored file');
  expect(await readdir(join(archive.folder, "aside"))).toEqual([]);
  expect(await readdir(join(archive.folder, "bundles"))).toEqual([]);
});
