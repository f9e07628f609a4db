import { execFile } from "node:child_process";
import { PROGRAM_FOLDER } from "../support/service.ts";

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CallOptions {
  /** The whole environment but for PATH. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** The program as a person calls it, in a process of its own. */
export function nightshift(
  words: readonly string[],
  { env = {}, input = "" }: CallOptions = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const options = {
      cwd: PROGRAM_FOLDER,
      env: { PATH: process.env["PATH"] ?? "", NO_COLOR: "1", ...env },
    };
    const child = execFile(process.execPath, ["src/main.ts", ...words], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
    child.stdin?.end(input);
  });
}
