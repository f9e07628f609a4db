import { z } from "zod";
import type { ServerFlags } from "./client/flags.ts";
import { writeList } from "./client/list.ts";
import { readAnswer, withServer, writeAnswer } from "./client/run-command.ts";
import { formatTable, printable, shortTime } from "./client/text.ts";
import type { CommandOutput } from "./output.ts";

const noticeSchema = z.object({
  id: z.string(),
  notifier: z.string(),
  event: z.string(),
  title: z.string(),
  status: z.string(),
  attempts: z.number(),
  sent_at: z.string().nullable(),
  given_up_at: z.string().nullable(),
  next_try_at: z.string().nullable(),
  error: z.string().nullable(),
});

export function noticeListCommand(
  flags: ServerFlags & { readonly status: string | null; readonly limit: number },
  output: CommandOutput,
): Promise<number> {
  const query = { path: "/notices", filter: { status: flags.status }, limit: flags.limit };
  const none = flags.status === "dead" ? "no notice was given up" : "nobody was told of anything";
  return withServer(flags, output, (client) =>
    writeList(client, flags, output, query, { none, asText: noticeTable }),
  );
}

/** Puts a notice that was given up in line again. */
export function noticeRetryCommand(id: string, flags: ServerFlags, output: CommandOutput): Promise<number> {
  return withServer(flags, output, async (client) => {
    const answer = await client.send("POST", `/api/v1/notices/${encodeURIComponent(id)}/retry`, {});
    const { notifier } = readAnswer(noticeSchema, answer);
    writeAnswer(flags, output, answer, () => `${printable(`the notice is in line for ${notifier} again`)}\n`);
    return 0;
  });
}

const testedSchema = z.object({ notifier: z.string(), kind: z.string() });

/** Sends a notice that says it is a test, and waits until it was taken. */
export function noticeTestCommand(name: string, flags: ServerFlags, output: CommandOutput): Promise<number> {
  return withServer(flags, output, async (client) => {
    const answer = await client.send("POST", `/api/v1/notifiers/${encodeURIComponent(name)}/test`, {});
    const { notifier, kind } = readAnswer(testedSchema, answer);
    writeAnswer(
      flags,
      output,
      answer,
      () => `${printable(`${notifier} (${kind}) has taken the test notice`)}\n`,
    );
    return 0;
  });
}

function noticeTable(items: readonly unknown[]): string {
  const rows = readAnswer(z.array(noticeSchema), items).map((notice) => [
    notice.id,
    notice.status,
    shortTime(notice.sent_at ?? notice.given_up_at ?? notice.next_try_at),
    notice.notifier,
    notice.event,
    String(notice.attempts),
    notice.title,
    notice.error ?? "",
  ]);
  return formatTable(["ID", "STATUS", "AT", "TO", "EVENT", "TRIES", "TITLE", "ERROR"], rows);
}
