import { spawnSync } from "node:child_process";

/** Whether a program is on the PATH; says so once where a test is skipped for want of it. */
export function isInstalled(program: string): boolean {
  const isFound = spawnSync("sh", ["-c", 'command -v "$1"', "sh", program]).status === 0;
  if (!isFound) console.warn(`skipped: ${program} is not installed`);
  return isFound;
}
