import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, truncateSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished, type TestContext } from "vitest";

/** A file system of its own, of a few MiB, that can be filled to the last byte. */
export interface SmallDisk {
  readonly folder: string;
  freeBytes(): number;
  /** Takes all that is free but so many bytes. */
  fill(leaveBytes?: number): void;
  /** Gives back what was taken, or so many bytes of it. */
  free(bytes?: number): void;
}

/** Gone when the test ends. Skips the test, and says why, where mounting is not allowed. */
export function smallDisk(context: TestContext, sizeMiB: number): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), "nightshift-disk-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${sizeMiB}m`, "nightshift-test", folder]);
  if (mounted.status !== 0) {
    rmSync(folder, { recursive: true, force: true });
    const reason = mounted.error?.message ?? mounted.stderr.toString().trim();
    console.warn(`skipped: a small disk cannot be mounted here: ${reason}`);
    context.skip();
  }
  onTestFinished(() => {
    // Lazily, too: a process that a failed test left behind must not keep the mount.
    spawnSync("umount", ["-l", folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  const filler = join(folder, "filler");
  const freeBytes = () => {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  };
  let takenBytes = 0;
  return {
    folder,
    freeBytes,
    fill(leaveBytes = 0) {
      const descriptor = openSync(filler, "a");
      try {
        const chunk = Buffer.alloc(256 * 1024, 1);
        for (let left = freeBytes() - leaveBytes; left > 0; left = freeBytes() - leaveBytes)
          takenBytes += writeSync(descriptor, chunk, 0, Math.min(left, chunk.byteLength));
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
      } finally {
        closeSync(descriptor);
      }
    },
    free(bytes = takenBytes) {
      takenBytes -= bytes;
      truncateSync(filler, takenBytes);
    },
  };
}
