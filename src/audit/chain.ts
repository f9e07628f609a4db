import { type AuditKey, type AuditKeys, sign } from "./keys.ts";
import type { AuditRow } from "./row.ts";

/** What stands before the first record. */
export const GENESIS = "0".repeat(64);

/** A place in the chain, and the chain's hash there: it depends on every record up to it. */
export interface ChainHead {
  readonly sequence: number;
  readonly hash: string;
}

export const EMPTY_CHAIN: ChainHead = { sequence: 0, hash: GENESIS };

/** The hash after one more record. Made with a key, so that nobody without it can link records anew. */
export function linkOf(key: AuditKey, previous: ChainHead, mac: string): string {
  return sign(key, "audit link", [previous.sequence + 1, previous.hash, mac]);
}

/** A record in its place. */
export interface Link extends ChainHead {
  readonly id: string;
}

/** Links records in this order behind the head. */
export function linkAll(
  keys: AuditKeys,
  head: ChainHead,
  rows: readonly Pick<AuditRow, "id" | "mac">[],
): Link[] {
  const links: Link[] = [];
  let last = head;
  for (const { id, mac } of rows) {
    last = { sequence: last.sequence + 1, hash: linkOf(keys.current, last, mac) };
    links.push({ ...last, id });
  }
  return links;
}

/** Where the records that are kept begin: those before were removed because of their age. */
export interface ChainCut extends ChainHead {
  readonly atMs: number;
  readonly keyId: string;
  readonly mac: string;
}

export function signCut({ current }: AuditKeys, head: ChainHead, atMs: number): ChainCut {
  const cut = { sequence: head.sequence, hash: head.hash, atMs, keyId: current.id };
  return { ...cut, mac: macOfCut(current, cut) };
}

export function isGenuineCut(keys: AuditKeys, cut: ChainCut): boolean {
  const key = keys.byId.get(cut.keyId);
  return key !== undefined && macOfCut(key, cut) === cut.mac;
}

function macOfCut(key: AuditKey, cut: Omit<ChainCut, "mac">): string {
  return sign(key, "audit cut", [cut.sequence, cut.hash, cut.atMs, cut.keyId]);
}
