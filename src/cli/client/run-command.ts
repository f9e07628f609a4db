import { z } from "zod";
import type { CommandOutput } from "../output.ts";
import type { ServerFlags } from "./flags.ts";
import { createServerClient, type ServerClient, ServerError } from "./server-client.ts";
import { printable } from "./text.ts";
import { whichServer } from "./which-server.ts";

/**
 * Runs a command against its server. Resolves with the exit code; what went wrong is one line on stderr, and a further one for each
 * part of the call that was not accepted.
 */
export async function withServer(
  flags: ServerFlags,
  output: CommandOutput,
  work: (client: ServerClient) => Promise<number>,
): Promise<number> {
  try {
    const { address, token } = await whichServer(flags.server);
    return await work(createServerClient(address, token));
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    output.stderr.write(`nightshift: ${printable(error.message)}\n`);
    for (const place of error.places) output.stderr.write(`  ${printable(place)}\n`);
    return error.exitCode;
  }
}

/** An answer as the command needs it. What it does not know of stays in the JSON that people ask for. */
export function readAnswer<Schema extends z.ZodType>(schema: Schema, answer: unknown): z.output<Schema> {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const what = z.prettifyError(parsed.error).split("\n")[0] ?? "";
  throw new ServerError(
    `the server's answer is not as this version knows it (${what}); is it of another version?`,
  );
}

/** The answer as the server gave it, or as text. */
export function writeAnswer(
  flags: ServerFlags,
  output: CommandOutput,
  answer: unknown,
  asText: () => string,
): void {
  output.stdout.write(flags.format === "json" ? `${JSON.stringify(answer, null, 2)}\n` : asText());
}
