import type { EpisodeState } from "../runs/records.ts";
import type { Outcome } from "../runs/states.ts";
import { type JudgedEpisode, selectEpisodes, toEpisode } from "./episode-row.ts";
import { inParts } from "./rows.ts";
import type { Reader, Tx } from "./store.ts";

/** Closes an episode that is still firing. False when it no longer was. */
export async function closeEpisode(
  tx: Tx,
  id: string,
  state: Exclude<EpisodeState, "firing">,
  atMs: number,
): Promise<boolean> {
  const result = await tx
    .updateTable("episode")
    .set({ state, ends_at: atMs, closed_at: atMs })
    .where("id", "=", id)
    .where("state", "=", "firing")
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

export async function setEpisodeOutcome(tx: Tx, ids: readonly string[], outcome: Outcome): Promise<void> {
  await inParts(ids, (part) => tx.updateTable("episode").set({ outcome }).where("id", "in", part).execute());
}

export async function readEpisode(db: Reader, id: string): Promise<JudgedEpisode | null> {
  const row = await selectEpisodes(db).where("id", "=", id).executeTakeFirst();
  return row === undefined ? null : toEpisode(row);
}

export async function readEpisodes(db: Reader, ids: readonly string[]): Promise<JudgedEpisode[]> {
  const rows = await inParts(ids.toSorted(), (part) =>
    selectEpisodes(db).where("id", "in", part).orderBy("id").execute(),
  );
  return rows.map(toEpisode);
}

/**
 * Keeps deliveries about these episodes out until the transaction ends, where the database has row locks. To be asked before
 * guards are locked, and in the order of identities, as deliveries do it.
 */
export async function lockEpisodes(
  tx: Tx,
  dialect: "sqlite" | "postgres",
  ids: readonly string[],
): Promise<void> {
  if (dialect === "sqlite") return;
  await inParts(ids, (part) =>
    tx.selectFrom("episode").select("id").where("id", "in", part).orderBy("identity").forUpdate().execute(),
  );
}

/** The same for whoever has locked guards already, and so must not wait. False when a delivery about one of them is under way. */
export async function tryLockEpisodes(
  tx: Tx,
  dialect: "sqlite" | "postgres",
  ids: readonly string[],
): Promise<boolean> {
  if (dialect === "sqlite") return true;
  const locked = await inParts(ids, (part) =>
    tx.selectFrom("episode").select("id").where("id", "in", part).forUpdate().skipLocked().execute(),
  );
  return locked.length === ids.length;
}

/** The newest episode with a fingerprint, whatever its source. */
export async function readNewestEpisode(db: Reader, fingerprint: string): Promise<JudgedEpisode | null> {
  // The character behind "/" ends the range of identities that begin with the fingerprint.
  const ofFingerprint = selectEpisodes(db)
    .where("identity", ">=", `${fingerprint}/`)
    .where("identity", "<", `${fingerprint}0`)
    .orderBy("id", "desc")
    .limit(1);
  const open = await ofFingerprint.where("state", "=", "firing").executeTakeFirst();
  const closed = await ofFingerprint.where("state", "<>", "firing").executeTakeFirst();
  const newest = [open, closed]
    .filter((row) => row !== undefined)
    .sort((left, right) => (left.id < right.id ? 1 : -1))[0];
  return newest === undefined ? null : toEpisode(newest);
}

/** For each of these episodes, by its id: when the next episode of the same alert opened. Absent where none did. */
export async function findOpeningsAfter(
  db: Reader,
  episodes: readonly Pick<JudgedEpisode, "id" | "identity">[],
): Promise<Map<string, number>> {
  const identities = episodes.map((episode) => episode.identity);
  const openings = db.selectFrom("episode").select(["id", "identity", "opened_at"]);
  // Asked apart, because open and closed episodes have an index of their own.
  const rows = await inParts(identities, async (part) => {
    const ofPart = openings.where("identity", "in", part);
    const open = await ofPart.where("state", "=", "firing").execute();
    return [...open, ...(await ofPart.where("state", "<>", "firing").execute())];
  });
  const byIdentity = Map.groupBy(
    rows.sort((left, right) => (left.id < right.id ? -1 : 1)),
    (row) => row.identity,
  );
  return new Map(
    episodes.flatMap(({ id, identity }) => {
      const next = byIdentity.get(identity)?.find((row) => row.id > id);
      return next === undefined ? [] : [[id, next.opened_at] as const];
    }),
  );
}

/** Open episodes of a source of which nothing was heard since; oldest first. */
export async function findSilentEpisodes(
  db: Reader,
  source: string,
  heardBeforeMs: number,
  limit: number,
): Promise<JudgedEpisode[]> {
  const rows = await selectEpisodes(db)
    .where("state", "=", "firing")
    .where("source", "=", source)
    .where("opened_at", "<", heardBeforeMs)
    .where((where) =>
      where.or([where("last_firing_at", "is", null), where("last_firing_at", "<", heardBeforeMs)]),
    )
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map(toEpisode);
}
