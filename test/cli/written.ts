import type { CommandOutput } from "../../src/cli/output.ts";

export interface Written {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command, and gives what it wrote. */
export async function written(command: (output: CommandOutput) => Promise<number>): Promise<Written> {
  const text = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof text) => ({ write: (part: string) => (text[name] += part) });
  const exitCode = await command({ stdout: stream("stdout"), stderr: stream("stderr") });
  return { exitCode, ...text };
}
