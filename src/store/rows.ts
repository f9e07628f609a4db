import { CompiledQuery } from "kysely";
import type { Schema } from "./schema.ts";
import { forEach } from "./sqlite-driver.ts";
import type { Tx } from "./store.ts";

/** Both databases take more (SQLite 32,766, PostgreSQL 65,535). */
const VARIABLES_MAX = 30_000;

/**
 * SQLite is in the same process: an insert more costs it little, and the variables of a long one much. Measured for 128 episodes: 8.2 µs
 * each by one statement, 4.4 µs by fours.
 */
const SQLITE_INSERT_VARIABLES_MAX = 96;

export type Scalar = string | number | null | Uint8Array;

/** A table's columns in the order of their values, with the statements made of them so far. */
export interface RowShape {
  readonly table: keyof Schema;
  readonly columns: readonly string[];
  /** Appended to each statement, such as `on conflict do nothing`. */
  readonly suffix: string;
  readonly texts: Map<string, string>;
}

export function rowShape(table: keyof Schema, columns: readonly string[], suffix = ""): RowShape {
  return { table, columns, suffix, texts: new Map() };
}

/**
 * Inserts many rows. They are taken in powers of two, so that there are few distinct texts and each is prepared once: a statement
 * compiled for each row halved the intake rate in measurements.
 */
export async function insertRows(
  tx: Tx,
  dialect: "sqlite" | "postgres",
  shape: RowShape,
  rows: readonly (readonly Scalar[])[],
): Promise<void> {
  const variablesMax = dialect === "sqlite" ? SQLITE_INSERT_VARIABLES_MAX : VARIABLES_MAX;
  for (const { count, parts } of inPowersOfTwo(shape.columns.length, rows, variablesMax)) {
    const text = textFor(shape, dialect, count);
    if (dialect === "sqlite") await tx.executeQuery(forEach(text, parts));
    else for (const part of parts) await tx.executeQuery(CompiledQuery.raw(text, part));
  }
}

/** The variables of statements for so many rows each. */
interface Parts {
  readonly count: number;
  readonly parts: readonly Scalar[][];
}

function inPowersOfTwo(
  width: number,
  rows: readonly (readonly Scalar[])[],
  variablesMax = VARIABLES_MAX,
): Parts[] {
  const rowsMax = Math.max(1, 2 ** Math.floor(Math.log2(variablesMax / width)));
  const all: Parts[] = [];
  let from = 0;
  while (from < rows.length) {
    const count = Math.min(rowsMax, 2 ** Math.floor(Math.log2(rows.length - from)));
    const parts: Scalar[][] = [];
    for (; from + count <= rows.length; from += count) parts.push(rows.slice(from, from + count).flat());
    all.push({ count, parts });
  }
  return all;
}

const LIST_MAX = 2 ** Math.floor(Math.log2(VARIABLES_MAX));

/**
 * Asks about a list of any length, part by part, and joins the answers. Parts are filled up to a power of two by naming their last item
 * again, for the same reason as above: `in` does not mind.
 */
export async function inParts<Row>(
  items: readonly string[],
  ask: (part: readonly string[]) => Promise<readonly Row[]>,
): Promise<Row[]> {
  const answers: Row[] = [];
  for (let from = 0; from < items.length; from += LIST_MAX) {
    const part = items.slice(from, from + LIST_MAX);
    const filled = 2 ** Math.ceil(Math.log2(part.length));
    const last = part.at(-1) ?? "";
    answers.push(...(await ask([...part, ...Array.from({ length: filled - part.length }, () => last)])));
  }
  return answers;
}

/** A query on the way in that asks about a list: its text before and after the list, with the texts made of it so far. */
export interface ListShape {
  readonly before: string;
  readonly after: (dialect: "sqlite" | "postgres") => string;
  readonly texts: Map<string, string>;
}

export function listShape(before: string, after: ListShape["after"]): ListShape {
  return { before, after, texts: new Map() };
}

/** Asks with a text that is kept: compiling the query anew for each list took as long as answering it. */
export function selectInList<Row>(
  tx: Tx,
  dialect: "sqlite" | "postgres",
  shape: ListShape,
  items: readonly string[],
): Promise<Row[]> {
  return inParts(items, async (part) => {
    const key = `${dialect}:${part.length}`;
    const text =
      shape.texts.get(key) ??
      `${shape.before} in ${placeholders(dialect, part.length, 1)} ${shape.after(dialect)}`;
    shape.texts.set(key, text);
    return (await tx.executeQuery<Row>(CompiledQuery.raw(text, [...part]))).rows;
  });
}

function placeholders(dialect: "sqlite" | "postgres", width: number, count: number): string {
  const row = (index: number) =>
    dialect === "sqlite"
      ? `(${"?,".repeat(width - 1)}?)`
      : `(${Array.from({ length: width }, (_, column) => `$${index * width + column + 1}`).join(",")})`;
  return Array.from({ length: count }, (_, index) => row(index)).join(",");
}

/** Which columns of a table are updated by id; the first column is the key. Numbers are cast: PostgreSQL takes parameters of a list for text. */
export interface UpdateShape {
  readonly table: keyof Schema;
  readonly columns: readonly { readonly name: string; readonly type: "text" | "bigint" }[];
  readonly texts: Map<string, string>;
}

export function updateShape(table: keyof Schema, columns: UpdateShape["columns"]): UpdateShape {
  return { table, columns, texts: new Map() };
}

/** Updates many rows by their key with few statements; rows that are gone are passed over. */
export async function updateRows(
  tx: Tx,
  dialect: "sqlite" | "postgres",
  shape: UpdateShape,
  rows: readonly (readonly Scalar[])[],
): Promise<void> {
  for (const { count, parts } of inPowersOfTwo(shape.columns.length, rows))
    for (const part of parts)
      await tx.executeQuery(CompiledQuery.raw(updateText(shape, dialect, count), part));
}

function updateText(shape: UpdateShape, dialect: "sqlite" | "postgres", count: number): string {
  const key = `${dialect}:${count}`;
  const known = shape.texts.get(key);
  if (known !== undefined) return known;
  const [id, ...others] = shape.columns;
  const names = shape.columns.map((column) => column.name).join(",");
  const set = others
    .map(({ name, type }) => `${name} = ${type === "bigint" ? `cast(v.${name} as bigint)` : `v.${name}`}`)
    .join(", ");
  const values = placeholders(dialect, shape.columns.length, count);
  const text = `with v (${names}) as (values ${values}) update "${shape.table}" set ${set} from v where "${shape.table}".${id?.name ?? "id"} = v.${id?.name ?? "id"}`;
  shape.texts.set(key, text);
  return text;
}

function textFor(shape: RowShape, dialect: "sqlite" | "postgres", count: number): string {
  const key = `${dialect}:${count}`;
  const known = shape.texts.get(key);
  if (known !== undefined) return known;
  const text = `insert into "${shape.table}" (${shape.columns.join(",")}) values ${placeholders(dialect, shape.columns.length, count)} ${shape.suffix}`;
  shape.texts.set(key, text);
  return text;
}
