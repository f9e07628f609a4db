import { mkdir, open, readFile, rename, truncate } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Checkpoint, readCheckpoints } from "./checkpoint.ts";

/** Beyond it the file begins anew: only the newest checkpoints tell anything that the others do not. */
const BYTES_MAX = 16 * 1024 ** 2;

/** Where checkpoints are kept outside of the database. */
export interface CheckpointFile {
  /** Durable when it resolves. */
  append(checkpoint: Checkpoint): Promise<void>;
  /** Null where there is none. Not verified. */
  readLast(): Promise<Checkpoint | null>;
}

/** Beside the database. */
export function checkpointFileOf(folder: string): string {
  return join(folder, "audit-checkpoints.jsonl");
}

/** One JSON object a line. What does not fit any more goes to `.1`, which is replaced. */
export function openCheckpointFile(file: string, bytesMax = BYTES_MAX): CheckpointFile {
  let isWhole = false;
  return {
    async append(checkpoint) {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      if (!isWhole) await dropTornLine(file);
      // Only a part of the line may fit on the disk.
      isWhole = false;
      const handle = await open(file, "a", 0o600);
      let bytes: number;
      try {
        await handle.appendFile(`${JSON.stringify(checkpoint)}\n`);
        await handle.sync();
        bytes = (await handle.stat()).size;
      } finally {
        await handle.close();
      }
      isWhole = true;
      if (bytes < bytesMax) return;
      await rename(file, `${file}.1`);
    },
    async readLast() {
      for (const name of [file, `${file}.1`]) {
        const { found } = readCheckpoints(await readFile(name, "utf8").catch(() => ""));
        const last = found.at(-1);
        if (last !== undefined) return last.checkpoint;
      }
      return null;
    },
  };
}

/** What a machine that stopped in the middle of a line has left: the next line would be unreadable with it. */
async function dropTornLine(file: string): Promise<void> {
  const content = await readFile(file).catch(() => Buffer.alloc(0));
  if (content.length > 0 && content.at(-1) !== NEWLINE)
    await truncate(file, content.lastIndexOf(NEWLINE) + 1);
}

const NEWLINE = 0x0a;
