import { z } from "zod";
import { writeList } from "./client/list.ts";
import type { ServerFlags } from "./client/flags.ts";
import { readAnswer, withServer, writeAnswer } from "./client/run-command.ts";
import { formatTable, printable, shortTime } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";

const pauseSchema = z.object({
  name: z.string(),
  scope: z.string(),
  reason: z.string(),
  principal: z.string(),
  until: z.string(),
  active: z.boolean(),
  removed_at: z.string().nullable(),
  removed_by: z.string().nullable(),
});

export interface PauseAddFlags extends ServerFlags {
  readonly scope: string;
  readonly reason: string;
  /** How long, or until when; one of both. */
  readonly for: string | null;
  readonly until: string | null;
}

export function pauseAddCommand(name: string, flags: PauseAddFlags, output: CommandOutput): Promise<number> {
  return withServer(flags, output, async (client) => {
    const { scope, reason, until } = flags;
    const answer = await client.send("POST", "/api/v1/pauses", {
      name,
      scope,
      reason,
      until,
      for: flags.for,
    });
    const pause = readAnswer(pauseSchema, answer);
    writeAnswer(flags, output, answer, () =>
      printable(`pause ${pause.name} (${pause.scope}) is in force until ${shortTime(pause.until)}`).concat(
        "\n",
      ),
    );
    return 0;
  });
}

export function pauseListCommand(
  flags: ServerFlags & { readonly all: boolean; readonly limit: number },
  output: CommandOutput,
): Promise<number> {
  const query = { path: "/pauses", filter: { history: flags.all ? "true" : null }, limit: flags.limit };
  return withServer(flags, output, (client) =>
    writeList(client, flags, output, query, {
      none: flags.all ? "there was no pause yet" : "no pause is in force",
      asText: (items) => pauseTable(items, flags.all),
    }),
  );
}

export function pauseRemoveCommand(name: string, flags: ServerFlags, output: CommandOutput): Promise<number> {
  return withServer(flags, output, async (client) => {
    const answer = await client.send("DELETE", `/api/v1/pauses/${encodeURIComponent(name)}`, null);
    const pause = readAnswer(pauseSchema, answer);
    writeAnswer(flags, output, answer, () => `pause ${printable(pause.name)} is removed\n`);
    return 0;
  });
}

function pauseTable(items: readonly unknown[], withState: boolean): string {
  const pauses = readAnswer(z.array(pauseSchema), items);
  const header = ["NAME", "SCOPE", "UNTIL", "BY", ...(withState ? ["STATE"] : []), "REASON"];
  const rows = pauses.map((pause) => [
    pause.name,
    pause.scope,
    shortTime(pause.until),
    pause.principal,
    ...(withState ? [stateOf(pause)] : []),
    pause.reason,
  ]);
  return formatTable(header, rows);
}

function stateOf(pause: z.output<typeof pauseSchema>): string {
  if (pause.active) return "in force";
  return pause.removed_by === null
    ? "over"
    : `removed by ${pause.removed_by} at ${shortTime(pause.removed_at)}`;
}
