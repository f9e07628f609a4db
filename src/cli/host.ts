import { z } from "zod";
import { writeList } from "./client/list.ts";
import type { ServerFlags } from "./client/flags.ts";
import { readAnswer, withServer, writeAnswer } from "./client/run-command.ts";
import { formatTable, printable, shortTime } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";

const holdSchema = z.object({ reason: z.string(), principal: z.string(), until: z.string() });
const hostSchema = z.object({
  name: z.string(),
  address: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  automation: z.string(),
  hold: holdSchema.nullable(),
});

export function hostListCommand(
  flags: ServerFlags & { readonly limit: number },
  output: CommandOutput,
): Promise<number> {
  const query = { path: "/hosts", filter: {}, limit: flags.limit };
  return withServer(flags, output, (client) =>
    writeList(client, flags, output, query, { none: "the inventory has no host", asText: hostTable }),
  );
}

export interface HostHoldFlags extends ServerFlags {
  readonly reason: string;
  /** How long, or until when; one of both. */
  readonly for: string | null;
  readonly until: string | null;
}

export function hostHoldCommand(name: string, flags: HostHoldFlags, output: CommandOutput): Promise<number> {
  return withServer(flags, output, async (client) => {
    const { reason, until } = flags;
    const path = `/api/v1/hosts/${encodeURIComponent(name)}/hold`;
    const answer = await client.send("POST", path, { reason, until, for: flags.for });
    const host = readAnswer(hostSchema.extend({ hold: holdSchema }), answer);
    writeAnswer(
      flags,
      output,
      answer,
      () => `no rule changes ${printable(host.name)} until ${shortTime(host.hold.until)}\n`,
    );
    return 0;
  });
}

export function hostReleaseCommand(name: string, flags: ServerFlags, output: CommandOutput): Promise<number> {
  return withServer(flags, output, async (client) => {
    const answer = await client.send("DELETE", `/api/v1/hosts/${encodeURIComponent(name)}/hold`, null);
    const host = readAnswer(hostSchema.pick({ name: true }), answer);
    writeAnswer(flags, output, answer, () => `${printable(host.name)} is released\n`);
    return 0;
  });
}

function hostTable(items: readonly unknown[]): string {
  const rows = readAnswer(z.array(hostSchema), items).map((host) => [
    host.name,
    host.address ?? "",
    host.automation,
    host.hold === null
      ? ""
      : `until ${shortTime(host.hold.until)} by ${host.hold.principal}: ${host.hold.reason}`,
    Object.entries(host.labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(","),
  ]);
  return formatTable(["NAME", "ADDRESS", "AUTOMATION", "HOLD", "LABELS"], rows);
}
