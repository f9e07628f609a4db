// Every writer of the archive on a disk without room: a clear error, nothing half, and the same again when there is room.
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { ArchiveAccount, type RoomOptions } from "../../src/archive/archive-room.ts";
import { openArtifactStore } from "../../src/archive/artifact-store.ts";
import { openBundleStore } from "../../src/archive/bundle-store.ts";
import { OutputLog, recoverOutput } from "../../src/archive/output-log.ts";
import { NoRoomError } from "../../src/platform/no-room.ts";
import { newId } from "../../src/platform/ids.ts";
import { PackedList } from "../../src/platform/packed-list.ts";
import type { Artifact } from "../../src/runs/records.ts";
import { type SmallDisk, smallDisk } from "../support/small-disk.ts";
import { exampleInput, exampleRun, storeArtifact } from "./bundle-fixture.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const MIB = 1024 ** 2;
const LOG = "steps/01-x/attempt-1/stdout.log";

function account(changes: Partial<RoomOptions> = {}) {
  const reports: unknown[] = [];
  const refusals: string[] = [];
  const disk = { isFull: false, reportFull: (error: unknown) => void reports.push(error) };
  const room = new ArchiveAccount({
    disk,
    aimedBytes: () => 1024 * MIB,
    spoolBytesMax: 1024 * MIB,
    fullBytesMax: MIB,
    onRefused: (because) => refusals.push(because),
    onChange: () => {},
    ...changes,
  });
  return { room, disk, reports, refusals };
}

/** Every file below the archive, and its size. */
function filesIn(folder: string): Record<string, number> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => [
        join(entry.parentPath, entry.name).slice(folder.length + 1),
        statSync(join(entry.parentPath, entry.name)).size,
      ]),
  );
}

async function openArchive(disk: SmallDisk) {
  const folder = join(disk.folder, "archive");
  mkdirSync(folder);
  const { room, ...seen } = account();
  const artifacts = await openArtifactStore(folder, room);
  return { folder, room, artifacts, bundles: await openBundleStore(folder, room), ...seen };
}

async function store(
  archive: Awaited<ReturnType<typeof openArchive>>,
  runId: string,
  path: string,
  bytes: number,
) {
  const writer = await archive.artifacts.createFile(runId, path);
  try {
    for (let left = bytes; left > 0; left -= MIB) await writer.write(randomBytes(Math.min(left, MIB)));
    return await writer.commit();
  } catch (error) {
    await writer.discard();
    throw error;
  }
}

describe("on a full disk", () => {
  test("a file is refused with what to do, told to whoever watches the disk, and leaves nothing", async (context) => {
    const disk = smallDisk(context, 16);
    const archive = await openArchive(disk);
    const runId = newId();
    await store(archive, runId, "files/a", MIB);
    const before = filesIn(archive.folder);
    const { archiveBytes: _, ...facts } = archive.room.facts();
    disk.fill(2 * MIB);
    const refused = store(archive, runId, "files/b", 8 * MIB);
    await expect(refused).rejects.toBeInstanceOf(NoRoomError);
    await expect(refused).rejects.toThrow("the disk is full; free some space on the disk of storage.path");
    expect(archive.reports).toMatchObject([{ code: "ENOSPC" }]);
    expect(filesIn(archive.folder)).toEqual(before);
    expect(archive.room.facts()).toMatchObject(facts);
    disk.free();
    await store(archive, runId, "files/b", 8 * MIB);
    expect((await archive.artifacts.list(runId)).map(({ path }) => path)).toEqual(["files/a", "files/b"]);
  });

  test("a file that cannot even be begun, or get its folders, is refused alike", async (context) => {
    const disk = smallDisk(context, 8);
    const archive = await openArchive(disk);
    const writer = await archive.artifacts.createFile(newId(), "files/deep/er/a");
    await writer.write(Buffer.from("small"));
    disk.fill();
    await expect(store(archive, newId(), "b", MIB)).rejects.toBeInstanceOf(NoRoomError);
    await expect(writer.commit()).rejects.toBeInstanceOf(NoRoomError);
    await writer.discard();
    expect(Object.values(filesIn(archive.folder)).reduce((sum, bytes) => sum + bytes, 0)).toBe(0);
  });

  test("a growing log keeps what it has, says what it lost, and leaves no scratch", async (context) => {
    const disk = smallDisk(context, 16);
    const archive = await openArchive(disk);
    const runId = newId();
    const log = new OutputLog(archive.artifacts.scratch(runId, LOG));
    log.write(Buffer.from("first words\n"));
    await expect.poll(() => log.readLive({ offset: 0 }, 100)).toMatchObject({ totalBytes: 12 });
    await expect
      .poll(async () => (await log.readLive({ offset: 0 }, 100)).content.toString())
      .toBe("first words\n");
    disk.fill();
    log.write(randomBytes(2 * MIB));
    await expect.poll(() => archive.reports.length).toBeGreaterThan(0);
    // As the watch of the disk does it: the ballast is given up.
    archive.disk.isFull = true;
    disk.free(2 * MIB);
    const facts = await log.finish(archive.artifacts, runId, LOG);
    expect(facts).toMatchObject({
      totalBytes: 2 * MIB + 12,
      writeError: expect.stringContaining("the disk is full"),
    });
    expect(facts.omittedBytes).toBeGreaterThan(MIB);
    const stored = await text(await archive.artifacts.read(runId, LOG));
    expect(stored).toMatch(/^first words\n/);
    expect(stored).toMatch(/\[nightshift: \d+ bytes \(.*\) that followed could not be written\]\n$/);
    expect(Object.keys(filesIn(archive.folder))).toEqual([`runs/${runId}/${LOG}`]);
  });

  test("a long log becomes its first and last words, in what the ballast left", async () => {
    const folder = await temporaryFolder();
    const { room, disk } = account();
    const artifacts = await openArtifactStore(folder, room);
    const runId = newId();
    const log = new OutputLog(artifacts.scratch(runId, LOG), { headBytes: MIB, tailBytes: MIB });
    log.write(Buffer.from(`begin ${"x".repeat(3 * MIB)} end`));
    await expect
      .poll(async () => (await log.readLive({ offset: log.totalBytes }, 1)).start)
      .toBe(log.totalBytes);
    disk.isFull = true;
    const facts = await log.finish(artifacts, runId, LOG);
    expect(facts.writeError).toContain("the disk is full");
    const stored = await text(await artifacts.read(runId, LOG));
    expect(stored.length).toBeLessThan(70 * 1024);
    expect(stored).toMatch(
      /^begin x+\n\[nightshift: 3080202 bytes .* there was no room for all of it\]\nx+ end$/,
    );
    expect(Object.keys(filesIn(folder))).toEqual([`runs/${runId}/${LOG}`]);
  });

  test("what a killed process had written is let go rather than holding up its run", async () => {
    const folder = await temporaryFolder();
    const { room, disk } = account({ fullBytesMax: 0 });
    const artifacts = await openArtifactStore(folder, room);
    const runId = newId();
    const scratch = artifacts.scratch(runId, LOG);
    const killed = new OutputLog(scratch);
    killed.write(Buffer.from("before the crash"));
    await expect.poll(async () => (await killed.readLive({ offset: 16 }, 1)).start).toBe(16);
    await scratch.close();
    disk.isFull = true;
    expect(await recoverOutput(artifacts, runId, LOG)).toMatchObject({
      file: null,
      omittedBytes: 16,
      writeError: expect.stringContaining("the disk is full"),
    });
    expect(filesIn(folder)).toEqual({});
  });

  test("a bundle is refused and leaves nothing aside, made by a thread or not; with room it is made", async (context) => {
    const disk = smallDisk(context, 64);
    const archive = await openArchive(disk);
    const run = exampleRun();
    const artifact = await storeArtifact(archive.artifacts, run.id, "files/web-1/x", randomBytes(4 * MIB));
    const input = exampleInput({ run, artifacts: [artifact] });
    const before = filesIn(archive.folder);
    disk.fill(MIB);
    await expect(archive.bundles.build(input, archive.artifacts)).rejects.toThrow("the disk is full");
    await expect(archive.bundles.buildTemporary(input, archive.artifacts)).rejects.toBeInstanceOf(
      NoRoomError,
    );
    // So many entries are packed by a thread: the same file under many names.
    const large = { ...input, artifacts: new PackedList<Artifact>() };
    for (let index = 0; index < 2_000; index += 1) large.artifacts.push(artifact);
    const reports = archive.reports.length;
    await expect(archive.bundles.build(large, archive.artifacts)).rejects.toBeInstanceOf(NoRoomError);
    expect(archive.reports.length).toBe(reports + 1);
    expect(filesIn(archive.folder)).toEqual(before);
    disk.free();
    const built = await archive.bundles.build(input, archive.artifacts);
    expect(Object.keys(filesIn(archive.folder))).toContain(`bundles/${built.sha256}.zip`);
    disk.fill(MIB);
    await expect(archive.bundles.prepareTarGz(built.sha256)).rejects.toBeInstanceOf(NoRoomError);
    expect(Object.keys(filesIn(archive.folder)).filter((file) => file.startsWith("aside"))).toEqual([]);
  });
});

describe("an archive as large as it may be", () => {
  const full = () => account({ aimedBytes: () => 3 * MIB, spoolBytesMax: MIB });

  test("takes no more evidence, but the short form of a log; what is removed again makes room", async () => {
    const folder = await temporaryFolder();
    const { room, refusals } = full();
    const artifacts = await openArtifactStore(folder, room);
    const runId = newId();
    const first = await artifacts.createFile(runId, "files/a");
    await first.write(randomBytes(4 * MIB - 100));
    await first.commit();
    expect(room.leftBytes()).toBe(100);
    const second = await artifacts.createFile(runId, "files/b");
    await expect(second.write(randomBytes(101))).rejects.toThrow(
      "the archive may have no more than 4.0 MiB (retention.max_bytes and limits.spool_bytes)",
    );
    await second.discard();
    const log = new OutputLog(artifacts.scratch(runId, LOG));
    log.write(Buffer.alloc(100 * 1024, "x"));
    const facts = await log.finish(artifacts, runId, LOG);
    expect(facts.file?.bytes).toBeLessThan(70 * 1024);
    expect(facts.writeError).toContain("limits.spool_bytes");
    expect(refusals).toContain("archive-full");
    const third = await artifacts.createFile(runId, "files/c", "essential");
    await third.write(randomBytes(MIB));
    const left = room.facts().spoolBytes;
    await third.discard();
    expect(left - room.facts().spoolBytes).toBe(MIB);
  });

  test("asks for retention when half of the spool is used, and counts on from what retention found", () => {
    const { room } = full();
    let asked = 0;
    room.whenCrowded(() => (asked += 1));
    room.take(3 * MIB + MIB / 2, "evidence");
    expect([asked, room.facts().archiveBytes]).toEqual([0, null]);
    room.take(1, "evidence");
    expect(asked).toBe(1);
    room.keep(3 * MIB + MIB / 2 + 1);
    const counted = room.beginCount();
    room.take(1_000, "evidence");
    // What is written meanwhile is no part of it, stored by now or not.
    room.keep(400);
    counted(2 * MIB);
    expect(room.facts()).toEqual({ archiveBytes: 2 * MIB + 1_000, spoolBytes: 0, spoolBytesMax: MIB });
    asked = 0;
    room.take(2 * MIB - 1_000, "evidence");
    expect(room.leftBytes()).toBe(0);
    expect(() => room.take(1, "evidence")).toThrow(NoRoomError);
    expect(asked).toBe(2);
  });
});
