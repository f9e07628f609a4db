import { renameSync, symlinkSync, unlinkSync } from "node:fs";

/** Swaps a folder for a link to another one and back, as fast as it can, until it is stopped. */
export function startSwapping(target: string, other: string): { stop(): Promise<void> } {
  let isStopped = false;
  const away = `${target}.away`;
  const swap = async () => {
    while (!isStopped) {
      renameSync(target, away);
      symlinkSync(other, target);
      await new Promise((resolve) => setImmediate(resolve));
      unlinkSync(target);
      renameSync(away, target);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const swapping = swap();
  return {
    stop: async () => {
      isStopped = true;
      await swapping;
    },
  };
}
