// The ballast and the watch of the disk, on a real file system of a few MiB.
import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Ballast } from "../../src/platform/ballast.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { Disk } from "../../src/platform/disk.ts";
import { createLog } from "../../src/platform/log.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import { temporaryFolder } from "../archive/temporary-folder.ts";
import { type SmallDisk, smallDisk } from "../support/small-disk.ts";
import { waitFor } from "../support/wait.ts";

const MIB = 1024 ** 2;
const BALLAST_BYTES = 8 * MIB;

function watched(disk: SmallDisk, ballastBytes = BALLAST_BYTES) {
  const lines: string[] = [];
  const log = createLog({
    level: "info",
    format: "json",
    stream: { write: (line: string) => lines.push(line) } as unknown as NodeJS.WritableStream,
  });
  const metrics = createMetrics("test");
  const storage = join(disk.folder, "data");
  const watch = new Disk({ folder: storage, ballastBytes, clock: systemClock, log, metrics });
  onTestFinished(() => watch.stop());
  const told: string[] = [];
  const answers = { probe: true };
  const start = () =>
    watch.start({
      probe: async () => {
        told.push("probe");
        return answers.probe;
      },
      onFull: () => told.push("full"),
    });
  const gauge = async (name: string) =>
    Number(new RegExp(`^nightshift_${name} (.*)$`, "m").exec(await metrics.registry.metrics())?.[1]);
  return { watch, start, told, answers, lines, gauge, ballastFile: join(storage, "ballast") };
}

async function held({ watch }: ReturnType<typeof watched>): Promise<void> {
  await waitFor("the ballast", () => watch.facts().ballast.state === "held", 30_000);
}

test("takes up real room, gives all of it back at once, and is made again", async (context) => {
  const disk = smallDisk(context, 32);
  const before = disk.freeBytes();
  const ballast = new Ballast(disk.folder, BALLAST_BYTES);
  expect(ballast.state).toBe("missing");
  expect(await ballast.make()).toBe(true);
  expect(before - disk.freeBytes()).toBeGreaterThanOrEqual(BALLAST_BYTES);
  expect(statSync(join(disk.folder, "ballast")).blocks * 512).toBeGreaterThanOrEqual(BALLAST_BYTES);
  disk.fill();
  ballast.giveUp();
  expect(ballast.state).toBe("given_up");
  expect(disk.freeBytes()).toBeGreaterThanOrEqual(BALLAST_BYTES);
  await ballast.make();
  expect(ballast.state).toBe("held");
});

test("leaves nothing of a ballast for which there is no room, or that is given up while it is made", async (context) => {
  const disk = smallDisk(context, 16);
  const file = join(disk.folder, "ballast");
  const large = new Ballast(disk.folder, 32 * MIB);
  await expect(large.make()).rejects.toMatchObject({ code: "ENOSPC" });
  expect(existsSync(file)).toBe(false);
  const ballast = new Ballast(disk.folder, BALLAST_BYTES);
  const making = ballast.make();
  ballast.giveUp();
  expect(await making).toBe(false);
  expect(ballast.state).toBe("given_up");
  expect(existsSync(file)).toBe(false);
});

test.each([
  ["of the same size: kept", MIB, MIB, "held"],
  ["of another size: removed", MIB, MIB / 2, "missing"],
  ["none wanted any more: removed", 0, MIB, "off"],
])("finds what an earlier start left, %s", async (_name, wanted, found, state) => {
  const folder = await temporaryFolder();
  const file = join(folder, "ballast");
  writeFileSync(file, Buffer.alloc(found));
  expect(new Ballast(folder, wanted).state).toBe(state);
  expect(existsSync(file)).toBe(state === "held");
});

test("sees a full disk by itself, says what to do, and takes it for well when there is room for the ballast and more", async (context) => {
  const disk = smallDisk(context, 64);
  const seen = watched(disk);
  seen.start();
  await held(seen);
  expect(seen.watch.facts()).toMatchObject({
    isFull: false,
    ballast: { state: "held", bytes: BALLAST_BYTES },
  });
  expect(await seen.gauge("ballast_bytes")).toBe(BALLAST_BYTES);

  disk.fill();
  await waitFor("the full disk", () => seen.watch.isFull);
  expect(seen.told).toContain("full");
  expect(existsSync(seen.ballastFile)).toBe(false);
  expect(disk.freeBytes()).toBeGreaterThanOrEqual(BALLAST_BYTES);
  expect(seen.lines.join("")).toContain("the disk is full; free some space");
  expect([await seen.gauge("disk_full"), await seen.gauge("ballast_bytes")]).toEqual([1, 0]);

  // The room of the ballast alone is none.
  disk.free(4 * MIB);
  await waitFor("another look", async () => (await seen.gauge("disk_free_bytes")) > 11 * MIB);
  expect(seen.watch.isFull).toBe(true);
  disk.free();
  await waitFor("the end of it", () => !seen.watch.isFull, 20_000);
  expect(seen.told).toContain("probe");
  expect(seen.watch.facts().ballast.state).toBe("held");
  expect(seen.lines.join("")).toContain("there is room on the disk again");
});

test("is full when somebody says so, however much is free, until the database takes a write", async (context) => {
  const disk = smallDisk(context, 64);
  const seen = watched(disk);
  seen.start();
  await held(seen);
  seen.answers.probe = false;
  seen.watch.reportFull(new Error("no space"));
  expect(seen.watch.isFull).toBe(true);
  await waitFor("two probes", () => seen.told.filter((each) => each === "probe").length >= 2, 20_000);
  expect(seen.watch.isFull).toBe(true);
  seen.answers.probe = true;
  await waitFor("the end of it", () => !seen.watch.isFull, 20_000);
});

test("gives the ballast up before anything else is opened on a disk that is full at the start", (context) => {
  const disk = smallDisk(context, 32);
  writeFileSync(join(disk.folder, "ballast"), Buffer.alloc(BALLAST_BYTES, 1));
  disk.fill();
  const log = createLog({ level: "silent", format: "json" });
  const metrics = createMetrics("test");
  const options = { folder: disk.folder, ballastBytes: BALLAST_BYTES, clock: systemClock, log, metrics };
  const watch = new Disk(options);
  expect(watch.isFull).toBe(true);
  expect(watch.facts().ballast.state).toBe("given_up");
  expect(disk.freeBytes()).toBeGreaterThanOrEqual(BALLAST_BYTES);
});

test("without a ballast it is full and well again all the same; one without room for it is said", async (context) => {
  const disk = smallDisk(context, 40);
  const none = watched(disk, 0);
  none.start();
  disk.fill();
  await waitFor("the full disk", () => none.watch.isFull);
  expect(none.watch.hasRoomForRuns).toBe(true);
  disk.free();
  await waitFor("the end of it", () => !none.watch.isFull, 20_000);
  expect(none.watch.facts().ballast.state).toBe("off");

  const large = watched(disk, 64 * MIB);
  large.start();
  await waitFor(
    "a word on it",
    () => large.lines.join("").includes("there is no room for the ballast"),
    20_000,
  );
  expect(large.watch.facts()).toMatchObject({ isFull: false, ballast: { state: "missing" } });
});
