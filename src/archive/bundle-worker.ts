import { parentPort, workerData } from "node:worker_threads";
import { NoRoomError } from "../platform/no-room.ts";
import { PackedList } from "../platform/packed-list.ts";
import type { Artifact } from "../runs/records.ts";
import { openArtifactReader } from "./artifact-store.ts";
import { zipOf } from "./bundle.ts";
import { fillAside } from "./file-aside.ts";
import type { LargeBundleAnswer, LargeBundleTask } from "./large-bundle.ts";

// The other end of large-bundle.ts: makes one bundle.
parentPort?.postMessage(await make(workerData as LargeBundleTask));

async function make({ folder, aside, input, artifacts }: LargeBundleTask): Promise<LargeBundleAnswer> {
  try {
    const whole = { ...input, artifacts: PackedList.fromBlocks<Artifact>(artifacts) };
    return { kind: "made", zip: await fillAside(aside, zipOf(whole, openArtifactReader(folder))) };
  } catch (error) {
    if (error instanceof NoRoomError) return { kind: "disk_full", message: messageOf(error.cause ?? error) };
    return { kind: "failed", message: messageOf(error) };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
