import type { LoginSettings } from "../access/login-schema.ts";
import type { Principal } from "../access/principal.ts";
import { hashOfSecret, newSecret } from "../access/tokens.ts";
import { newId } from "../platform/ids.ts";
import { notePersonSeen, readPerson } from "../store/people.ts";
import {
  deleteExpiredSessions,
  insertSession,
  noteSessionSeen,
  readSession,
  type SessionVia,
} from "../store/sessions.ts";
import type { Reader, Store, Tx } from "../store/store.ts";
import { findPrincipal } from "./people.ts";

/** A new session. The secret goes to the browser, and only its hash is kept. */
export interface OpenedSession {
  readonly id: string;
  readonly secret: string;
  readonly expiresAtMs: number;
}

export async function openSession(
  tx: Tx,
  login: LoginSettings,
  facts: {
    readonly person: string;
    readonly via: SessionVia;
    readonly address: string | null;
    readonly atMs: number;
  },
): Promise<OpenedSession> {
  const secret = newSecret();
  const { person, via, address, atMs } = facts;
  const credential = via === "password" ? await credentialOf(tx, login, person) : null;
  const session = {
    id: newId(),
    secretHash: hashOfSecret(secret),
    person,
    via,
    credential,
    address,
    createdAtMs: atMs,
    seenAtMs: atMs,
    expiresAtMs: atMs + login.session.absolute,
  };
  await deleteExpiredSessions(tx, atMs, atMs - login.session.idle);
  await insertSession(tx, session);
  await notePersonSeen(tx, person, atMs);
  return { id: session.id, secret, expiresAtMs: session.expiresAtMs };
}

/** A session's last use is noted at most this often: every page makes several requests. */
const SEEN_EVERY_MS = 60_000;

/**
 * Who shows this secret; null when the session is over or unknown, or its person is. Groups and roles are those of now. It puts the idle
 * time off, unless it is only looked at.
 */
export async function principalOfSession(
  store: Store,
  login: LoginSettings,
  secret: string,
  isUse: boolean,
): Promise<{ readonly principal: Principal; readonly id: string } | null> {
  const session = await readSession(store.reader, hashOfSecret(secret));
  if (session === null) return null;
  const nowMs = await store.nowMs(store.reader);
  if (nowMs >= session.expiresAtMs || nowMs >= session.seenAtMs + login.session.idle) return null;
  // A name of the settings is that of whoever has the password there, not of the account that had it before.
  const isConfigured = login.users.some((user) => user.name === session.person);
  if (isConfigured && session.via !== "password") return null;
  if (session.via === "password") {
    const credential = await credentialOf(store.reader, login, session.person);
    if (credential === null || credential !== session.credential) return null;
  }
  const principal = await findPrincipal(store.reader, login, session.person);
  if (principal === null) return null;
  if (isUse && nowMs >= session.seenAtMs + SEEN_EVERY_MS)
    await store.transaction((tx) => noteSessionSeen(tx, session.id, nowMs));
  return { principal, id: session.id };
}

/** Where somebody's password is kept as a hash: what the settings say goes before what is stored. Null for none. */
export async function passwordHashOf(db: Reader, login: LoginSettings, name: string): Promise<string | null> {
  const configured = login.users.find((user) => user.name === name);
  if (configured !== undefined) return configured.password_hash;
  return (await readPerson(db, name))?.passwordHash ?? null;
}

/** Changes with the password, and says nothing of it. */
async function credentialOf(db: Reader, login: LoginSettings, name: string): Promise<string | null> {
  const hash = await passwordHashOf(db, login, name);
  return hash === null ? null : hashOfSecret(hash);
}
