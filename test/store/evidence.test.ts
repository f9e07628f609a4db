import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import type { Artifact, BundleRecord } from "../../src/runs/records.ts";
import {
  addRunProblem,
  putArtifact,
  putBundle,
  readArtifacts,
  readNewestBundle,
  readRunProblems,
} from "../../src/store/evidence.ts";
import { describeStores } from "./stores.ts";

const artifact = (parts: Partial<Artifact> = {}): Artifact => ({
  runId: "run",
  path: "files/web-1/var/log/error.log",
  stepId: "look",
  host: "web-1",
  bytes: 12,
  sha256: "a".repeat(64),
  contentType: "text/plain",
  isTruncated: false,
  isChanged: true,
  isSensitive: false,
  redactions: null,
  ...parts,
});
const bundle = (parts: Partial<BundleRecord> = {}): BundleRecord => ({
  runId: "run",
  revision: 1,
  fileName: "nightshift-run",
  sha256: "b".repeat(64),
  bytes: 2 ** 40,
  sealedAtMs: 1_000,
  ...parts,
});

describeStores("evidence", ({ store }) => {
  const put = (...artifacts: readonly Artifact[]) =>
    store().transaction(async (tx) => {
      for (const each of artifacts) await putArtifact(tx, each);
    });

  test("a later file of the same path takes the place of the earlier", async () => {
    const later = artifact({ bytes: 2 ** 40, isTruncated: true, isChanged: false, stepId: null, host: null });
    await put(artifact(), artifact({ runId: "other" }), later);
    expect(await readArtifacts(store().reader, "run")).toEqual([later]);
  });

  test("lists files by the bytes of their paths, whatever the language of the database", async () => {
    const paths = ["B", "a", "a-b", "a/b", "a0", "ab", "Ä", "файл", "🔥", "' or 1=1 --"];
    await put(...paths.map((path) => artifact({ path })));
    const read = (await readArtifacts(store().reader, "run")).map(({ path }) => path);
    expect(read).toEqual(
      paths.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right))),
    );
  });

  test("takes paths as long as the archive makes them", async () => {
    const path = randomBytes(512).toString("hex");
    await put(artifact({ path }));
    expect((await readArtifacts(store().reader, "run")).map((each) => each.path)).toEqual([path]);
  });

  test("tells what could not be gathered, in order", async () => {
    const problems = [
      { stepId: "look", path: "/b", message: "permission denied" },
      { stepId: "look", path: "/a", message: "program said: a\0b" },
    ];
    for (const problem of problems) await store().transaction((tx) => addRunProblem(tx, "run", problem));
    await store().transaction((tx) => addRunProblem(tx, "other", { stepId: "x", path: "y", message: "z" }));
    const read = await readRunProblems(store().reader, "run");
    expect(
      read.map(({ message, ...rest }) => ({ ...rest, message: message.replace("\ufffd", "\0") })),
    ).toEqual(problems);
  });

  test("the newest revision counts, and sealing one again changes nothing", async () => {
    expect(await readNewestBundle(store().reader, "run")).toBe(null);
    for (const each of [bundle(), bundle({ revision: 2, sha256: "c" }), bundle({ revision: 2, sha256: "d" })])
      await store().transaction((tx) => putBundle(tx, each));
    expect(await readNewestBundle(store().reader, "run")).toEqual(bundle({ revision: 2, sha256: "c" }));
    expect(await readNewestBundle(store().reader, "other")).toBe(null);
  });
});
