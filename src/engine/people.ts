import type { LoginSettings } from "../access/login-schema.ts";
import { hashPassword } from "../access/password.ts";
import { type Person, principalFor } from "../access/people.ts";
import type { Principal, Role } from "../access/principal.ts";
import {
  deletePerson,
  insertPerson,
  readNameOfAccount,
  readPerson,
  updatePersonAtLogin,
} from "../store/people.ts";
import type { Actor } from "../audit/entry.ts";
import type { Reader, Tx } from "../store/store.ts";
import { addAudit, type AuditDependencies } from "./audit.ts";

/** The person of this name: what the settings say of them goes before what is stored. Null for nobody. */
export async function findPerson(db: Reader, login: LoginSettings, name: string): Promise<Person | null> {
  const configured = login.users.find((user) => user.name === name);
  if (configured !== undefined) return { name, groups: configured.groups, ownRole: null };
  return readPerson(db, name);
}

export async function findPrincipal(
  db: Reader,
  login: LoginSettings,
  name: string,
): Promise<Principal | null> {
  const person = await findPerson(db, login, name);
  return person === null ? null : principalFor(person, login.roles);
}

/** Somebody as a provider or a proxy names them. */
export interface OutsidePerson {
  readonly name: string;
  readonly groups: readonly string[];
  /** What the name is bound to at its first use, such as `ISSUER SUBJECT`; `proxy` for a proxy. */
  readonly account: string;
}

export type Admission =
  | { readonly kind: "admitted"; readonly person: Person }
  /** The name is that of somebody else here; nobody comes in by being called alike. */
  | { readonly kind: "taken"; readonly because: string };

/** Of everybody whom a proxy names: it says nothing but the name. */
export const PROXY_ACCOUNT = "proxy";

/**
 * Takes in whom a provider or a proxy has named: a name belongs to the account that used it first, and an account keeps the name it came
 * with first, whatever the provider calls it later: with two names one could approve what the other asked for. May be repeated.
 */
export async function admitPerson(
  tx: Tx,
  dependencies: AuditDependencies,
  login: LoginSettings,
  outside: OutsidePerson,
  { atMs, address }: { readonly atMs: number; readonly address: string | null },
): Promise<Admission> {
  const { groups, account } = outside;
  const known = account === PROXY_ACCOUNT ? null : await readNameOfAccount(tx, account);
  const name = known ?? outside.name;
  if (login.users.some((user) => user.name === name))
    return { kind: "taken", because: `${name} is a user of the settings, who logs in with a password` };
  const isNew = await insertPerson(tx, {
    name,
    account,
    passwordHash: null,
    groups,
    ownRole: null,
    createdAtMs: atMs,
    createdBy: `user:${name}`,
    seenAtMs: atMs,
  });
  const stored = await readPerson(tx, name);
  if (stored === null) throw new Error(`person ${name} is gone`);
  if (stored.account !== account)
    return {
      kind: "taken",
      because:
        stored.account === null
          ? `${name} is a person who logs in with a password here`
          : `${name} belongs to another account; an admin can remove that person`,
    };
  await updatePersonAtLogin(tx, name, { account, groups, atMs });
  if (isNew || JSON.stringify(stored.groups) !== JSON.stringify(groups)) {
    const via = account === PROXY_ACCOUNT ? "proxy" : null;
    const by = { principal: `user:${name}`, via, remoteAddress: address };
    const action = isNew ? "person.add" : "person.change";
    const detail = { groups, ...(isNew ? {} : { before: stored.groups }) };
    await addAudit(tx, dependencies, { atMs, by, action, subject: { kind: "user", id: name }, detail });
  }
  return { kind: "admitted", person: { name, groups, ownRole: stored.ownRole } };
}

export interface NewPerson {
  readonly name: string;
  readonly password: string;
  readonly groups: readonly string[];
  readonly role: Role | null;
}

/**
 * Adds somebody with a password. False when there is somebody of this name, here or in the settings, or when `isAllowed`, asked in the
 * same transaction, says no.
 */
export async function addPerson(
  dependencies: AuditDependencies,
  login: LoginSettings,
  person: NewPerson,
  { by, isAllowed }: { readonly by: Actor; readonly isAllowed?: (tx: Tx, atMs: number) => Promise<boolean> },
): Promise<boolean> {
  const { store } = dependencies;
  const { name, groups, role } = person;
  if (login.users.some((user) => user.name === name)) return false;
  // Before the transaction: it takes a tenth of a second.
  const passwordHash = await hashPassword(person.password);
  return store.transaction(async (tx) => {
    const atMs = await store.nowMs(tx);
    if (isAllowed !== undefined && !(await isAllowed(tx, atMs))) return false;
    const row = { name, account: null, passwordHash, groups, ownRole: role, seenAtMs: null };
    if (!(await insertPerson(tx, { ...row, createdAtMs: atMs, createdBy: by.principal }))) return false;
    const subject = { kind: "user", id: name } as const;
    await addAudit(tx, dependencies, { atMs, by, action: "person.add", subject, detail: { groups, role } });
    return true;
  });
}

/** Removes somebody who is kept here, with their sessions and tokens. False when there is nobody of this name. */
export async function removePerson(
  dependencies: AuditDependencies,
  name: string,
  by: Actor,
): Promise<boolean> {
  const { store } = dependencies;
  return store.transaction(async (tx) => {
    if (!(await deletePerson(tx, name))) return false;
    const subject = { kind: "user", id: name } as const;
    const atMs = await store.nowMs(tx);
    await addAudit(tx, dependencies, { atMs, by, action: "person.remove", subject, detail: {} });
    return true;
  });
}
