import { createHash } from "node:crypto";
import { type ChainHead, linkOf } from "../../src/audit/chain.ts";
import type { Checkpoint } from "../../src/audit/checkpoint.ts";
import type { AuditKey } from "../../src/audit/keys.ts";
import type { AuditRow } from "../../src/audit/row.ts";
import { macOf } from "../../src/audit/sign-row.ts";
import { newId } from "../../src/platform/ids.ts";
import type { AuditChainTable } from "../../src/store/audit-tables.ts";
import type { Tx } from "../../src/store/store.ts";
import { OTHER_KEYS } from "../audit/audit-fixture.ts";
import type { Random } from "./random.ts";

/** The log at one moment, row by row. */
export interface Snapshot {
  readonly rows: readonly AuditRow[];
  readonly chain: readonly AuditChainTable[];
}

/** What somebody works with who can write the database and read everything but the key. */
export interface Attack {
  readonly tx: Tx;
  readonly random: Random;
  readonly now: Snapshot;
  readonly linked: readonly (AuditRow & { readonly sequence: number; readonly hash: string })[];
  /** Older states of the same log. */
  readonly before: readonly Snapshot[];
  readonly checkpoints: readonly Checkpoint[];
}

/** What the attack was, and the place of the first record that it touched where that is plain; null when it came to nothing. */
export type Tampering = { readonly first: number | null } | null;

const FORGED = OTHER_KEYS.current;
const COLUMNS = [
  "id",
  "at",
  "principal",
  "action",
  "subject_kind",
  "subject_id",
  "detail",
  "via",
  "remote_address",
  "key_id",
  "mac",
  "sequence",
  "hash",
] as const;

export const TAMPERINGS: Readonly<Record<string, (attack: Attack) => Promise<Tampering>>> = {
  "edit of a column": editColumn,
  "edit, signed with another key": editAndSign,
  "removal of a record": removeOne,
  "removal, renumbered": removeAndRenumber,
  "removal, linked anew": async (attack) => {
    const gone = attack.random.below(attack.linked.length - 1);
    return relink(attack, attack.linked.toSpliced(gone, 1));
  },
  "insertion of a record": insertOne,
  "insertion, linked anew": async (attack) => {
    const place = attack.random.below(attack.linked.length);
    const copy = forged(attack, attack.random.pick(attack.linked));
    return relink(attack, attack.linked.toSpliced(place, 0, { ...copy, sequence: 0, hash: "" }));
  },
  "two records exchanged": exchange,
  "records reordered": reorder,
  "cut tail": cutTail,
  "cut tail, marked as not linked yet": unlinkTail,
  "cut tail, filled up": fillTail,
  "everything removed": removeEverything,
  "beginning removed": removeBeginning,
  "edit of where the log begins": editCut,
  "rollback to an older copy": rollBack,
};

async function editColumn({ tx, random, now }: Attack): Promise<Tampering> {
  const row = random.pick(now.rows);
  const column = random.pick(COLUMNS);
  const value = otherValue(random, now.rows, row, column);
  if (value === row[column]) return null;
  await tx
    .updateTable("audit")
    .set({ [column]: value })
    .where("id", "=", row.id)
    .execute();
  const id = column === "id" ? String(value) : row.id;
  const changed = await tx.selectFrom("audit").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
  if (changed[column] === row[column]) return null;
  return { first: column === "sequence" || column === "hash" ? null : row.sequence };
}

function otherValue(
  random: Random,
  rows: readonly AuditRow[],
  row: AuditRow,
  column: (typeof COLUMNS)[number],
): string | number | null {
  const value = row[column];
  switch (random.below(4)) {
    case 0:
      return random.pick(rows)[column];
    case 1:
      return typeof value === "number" ? value + random.pick([-1, 1, 1000]) : null;
    case 2:
      return typeof value === "string" ? changeOne(random, value) : 7;
    default:
      return typeof value === "string" ? `${value} ` : 0;
  }
}

function changeOne(random: Random, text: string): string {
  const at = random.below(Math.max(1, text.length));
  return `${text.slice(0, at)}${text[at] === "0" ? "1" : "0"}${text.slice(at + 1)}`;
}

async function editAndSign({ tx, random, now }: Attack): Promise<Tampering> {
  const row = random.pick(now.rows);
  const changed = { ...row, principal: "user:nobody", ...(random.chance(0.5) ? { key_id: FORGED.id } : {}) };
  const { principal, key_id } = changed;
  await tx
    .updateTable("audit")
    .set({ principal, key_id, mac: macOf(FORGED, changed) })
    .where("id", "=", row.id)
    .execute();
  return { first: row.sequence };
}

async function removeOne({ tx, random, linked }: Attack): Promise<Tampering> {
  const from = random.below(linked.length - 1);
  const gone = linked.slice(from, Math.min(linked.length - 1, from + 1 + random.below(4)));
  await remove(tx, gone);
  return { first: gone[0]?.sequence ?? null };
}

async function removeAndRenumber({ tx, random, linked }: Attack): Promise<Tampering> {
  const gone = linked[random.below(linked.length - 1)];
  if (gone === undefined) return null;
  await remove(tx, [gone]);
  for (const row of linked.filter(({ sequence }) => sequence > gone.sequence))
    await tx
      .updateTable("audit")
      .set({ sequence: row.sequence - 1 })
      .where("id", "=", row.id)
      .execute();
  return { first: gone.sequence };
}

async function insertOne(attack: Attack): Promise<Tampering> {
  const { tx, random, linked } = attack;
  const row = forged(attack, random.pick(linked));
  const last = linked.at(-1);
  if (last === undefined) return null;
  const place = random.below(3);
  if (place === 0) {
    await tx
      .insertInto("audit")
      .values({ ...row, sequence: null, hash: null })
      .execute();
    return { first: null };
  }
  const sequence = place === 1 ? last.sequence + 1 : random.pick(linked).sequence;
  const hash = linkOf(FORGED, { sequence: sequence - 1, hash: last.hash }, row.mac);
  await tx
    .insertInto("audit")
    .values({ ...row, sequence, hash })
    .execute();
  return { first: null };
}

/** A record that never was: a copy of a genuine one with another id or another text, signed as well as can be without the key. */
function forged({ random }: Attack, model: AuditRow): AuditRow {
  const row = { ...model, id: newId(), principal: random.chance(0.5) ? model.principal : "user:mallory" };
  return random.chance(0.5) ? row : { ...row, mac: macOf(FORGED, row) };
}

async function exchange({ tx, random, linked }: Attack): Promise<Tampering> {
  const [one, other] = [random.pick(linked), random.pick(linked)];
  if (one === other) return null;
  const withHash = random.chance(0.5);
  const put = (row: AuditRow, place: AuditRow) =>
    tx
      .updateTable("audit")
      .set({ sequence: place.sequence, ...(withHash ? { hash: place.hash } : {}) })
      .where("id", "=", row.id)
      .execute();
  await put(one, other);
  await put(other, one);
  return { first: Math.min(one.sequence, other.sequence) };
}

async function reorder(attack: Attack): Promise<Tampering> {
  const { random, linked } = attack;
  const from = random.below(linked.length - 2);
  const stretch = linked.slice(from, from + 2 + random.below(6));
  const shuffled = [...stretch.slice(1), ...stretch.slice(0, 1)];
  const order = linked.toSpliced(from, stretch.length, ...shuffled);
  const result = await relink(attack, order);
  return result === null ? null : { first: stretch[0]?.sequence ?? null };
}

async function cutTail({ tx, random, linked }: Attack): Promise<Tampering> {
  const gone = linked.slice(-1 - random.below(linked.length));
  await remove(tx, gone);
  return { first: gone[0]?.sequence ?? null };
}

async function unlinkTail({ tx, random, linked }: Attack): Promise<Tampering> {
  const gone = linked.slice(-1 - random.below(linked.length));
  for (const { id } of gone)
    await tx.updateTable("audit").set({ sequence: null, hash: null }).where("id", "=", id).execute();
  return { first: gone[0]?.sequence ?? null };
}

/** The last records are replaced by as many others. */
async function fillTail(attack: Attack): Promise<Tampering> {
  const gone = attack.linked.slice(-1 - attack.random.below(attack.linked.length));
  const fakes = gone.map((row) => ({ ...forged(attack, row), sequence: 0, hash: "" }));
  return relink(attack, [...attack.linked.slice(0, -gone.length), ...fakes]);
}

async function removeEverything({ tx, random }: Attack): Promise<Tampering> {
  await tx.deleteFrom("audit").execute();
  if (random.chance(0.5))
    await tx
      .updateTable("audit_chain")
      .set({ cut_sequence: 0, cut_hash: null, cut_at: null, key_id: null, mac: null })
      .execute();
  return { first: null };
}

/** Passes the removal off as one because of age, with whatever genuine signature there is. */
async function removeBeginning({ tx, random, linked, checkpoints, now }: Attack): Promise<Tampering> {
  const last = linked[random.below(linked.length - 1)];
  const checkpoint = checkpoints.find((each) => each.sequence === last?.sequence) ?? random.pick(checkpoints);
  const [chain] = now.chain;
  if (last === undefined || chain === undefined) return null;
  await remove(
    tx,
    linked.filter(({ sequence }) => sequence <= last.sequence),
  );
  const mac = random.pick([checkpoint.signature, last.mac, last.hash, chain.mac]);
  const key_id = random.pick([checkpoint.key, FORGED.id]);
  await tx
    .updateTable("audit_chain")
    .set({ cut_sequence: last.sequence, cut_hash: last.hash, cut_at: Date.parse(checkpoint.at), mac, key_id })
    .execute();
  return { first: null };
}

async function editCut({ tx, random, now }: Attack): Promise<Tampering> {
  const [chain] = now.chain;
  if (chain === undefined) return null;
  const change = random.pick([
    { id: 2 },
    { cut_sequence: chain.cut_sequence + random.pick([-1, 1]) },
    { cut_sequence: 0 },
    { cut_hash: changeOne(random, chain.cut_hash ?? "") },
    { cut_at: (chain.cut_at ?? 0) + 1 },
    { key_id: FORGED.id },
    { mac: changeOne(random, chain.mac ?? "") },
    { cut_sequence: 0, cut_hash: null, cut_at: null, key_id: null, mac: null },
    null,
  ]);
  if (change === null) await tx.deleteFrom("audit_chain").execute();
  else await tx.updateTable("audit_chain").set(change).execute();
  return { first: null };
}

async function rollBack({ tx, random, before }: Attack): Promise<Tampering> {
  const older = random.pick(before);
  await tx.deleteFrom("audit").execute();
  await tx.deleteFrom("audit_chain").execute();
  if (older.rows.length > 0) await tx.insertInto("audit").values(older.rows).execute();
  await tx.insertInto("audit_chain").values(older.chain).execute();
  return { first: null };
}

/** Puts these records into this order. From the first that is another one on, hashes are made with another key, with none, or stay. */
async function relink(
  { tx, random, linked, now }: Attack,
  order: readonly (AuditRow & { readonly sequence: number; readonly hash: string })[],
): Promise<Tampering> {
  const [chain] = now.chain;
  const make = random.pick([withKey, withoutKey, null]);
  let head: ChainHead = { sequence: chain?.cut_sequence ?? 0, hash: chain?.cut_hash ?? "" };
  await remove(tx, linked);
  let isGenuine = true;
  for (const [index, row] of order.entries()) {
    const sequence = head.sequence + 1;
    isGenuine &&= row.id === linked[index]?.id;
    const hash = isGenuine || make === null ? row.hash : make(head, row.mac);
    head = { sequence, hash };
    await tx
      .insertInto("audit")
      .values({ ...row, sequence, hash })
      .execute();
  }
  return { first: null };
}

const withKey = (head: ChainHead, mac: string) => linkOf(FORGED satisfies AuditKey, head, mac);
const withoutKey = (head: ChainHead, mac: string) =>
  createHash("sha256")
    .update(`${head.sequence + 1}${head.hash}${mac}`)
    .digest("hex");

async function remove(tx: Tx, rows: readonly AuditRow[]): Promise<void> {
  const ids = rows.map(({ id }) => id);
  await tx.deleteFrom("audit").where("id", "in", ids).execute();
}
