import { z } from "zod";
import type { CommandOutput } from "../output.ts";
import type { ServerFlags } from "./flags.ts";
import { readAnswer, writeAnswer } from "./run-command.ts";
import type { ServerClient } from "./server-client.ts";

/** What the API gives at once. */
const PAGE_MAX = 200;

const pageSchema = z.object({ items: z.array(z.unknown()), next: z.string().nullable() });

export interface ListQuery {
  /** Below the API, such as `/pauses`. */
  readonly path: string;
  /** Left out where null. */
  readonly filter: Readonly<Record<string, string | null>>;
  readonly limit: number;
}

/** Reads as many items as are wanted, page by page, and writes them; says on stderr when there are more, or none. */
export async function writeList(
  client: ServerClient,
  flags: ServerFlags,
  output: CommandOutput,
  query: ListQuery,
  show: { readonly none: string; readonly asText: (items: readonly unknown[]) => string },
): Promise<number> {
  const { items, next } = await readItems(client, query);
  writeAnswer(flags, output, { items, next }, () => (items.length === 0 ? "" : show.asText(items)));
  if (items.length === 0) output.stderr.write(`${show.none}\n`);
  if (next !== null) output.stderr.write(`there are more; --limit shows more than ${query.limit}\n`);
  return 0;
}

async function readItems(
  client: ServerClient,
  { path, filter, limit }: ListQuery,
): Promise<{ readonly items: readonly unknown[]; readonly next: string | null }> {
  const items: unknown[] = [];
  let next: string | null = null;
  do {
    const query = new URLSearchParams({ limit: String(Math.min(PAGE_MAX, limit - items.length)) });
    if (next !== null) query.set("after", next);
    for (const [name, value] of Object.entries(filter)) if (value !== null) query.set(name, value);
    const page: z.output<typeof pageSchema> = readAnswer(
      pageSchema,
      await client.get(`/api/v1${path}?${query.toString()}`),
    );
    items.push(...page.items);
    next = page.next;
  } while (next !== null && items.length < limit);
  return { items, next };
}
