// People, their sessions, tokens and logins under way, in both databases.
import { expect, test } from "vitest";
import { newId } from "../../src/platform/ids.ts";
import {
  hasLoginAttempt,
  insertLoginAttempt,
  type LoginAttempt,
  takeLoginAttempt,
} from "../../src/store/login-attempts.ts";
import { deletePerson, insertPerson, readNameOfAccount, type StoredPerson } from "../../src/store/people.ts";
import { deleteExpiredSessions, insertSession, readSession } from "../../src/store/sessions.ts";
import { readStartKey, START_KEY_MS, takeStartKey } from "../../src/store/start-keys.ts";
import { insertToken, readTokenBySecret } from "../../src/store/tokens.ts";
import { describeStores } from "./stores.ts";

describeStores("people", ({ store, peer }) => {
  const person = (name: string, account: string | null): StoredPerson => ({
    name,
    account,
    passwordHash: null,
    groups: ["büro"],
    ownRole: null,
    createdAtMs: 1_000,
    createdBy: "user:ada",
    seenAtMs: null,
  });
  const add = (name: string, account: string | null = null) =>
    store().transaction((tx) => insertPerson(tx, person(name, account)));
  const addSession = (secretHash: string, name: string, seenAtMs: number, expiresAtMs: number) =>
    store().transaction((tx) =>
      insertSession(tx, {
        id: newId(),
        secretHash,
        person: name,
        via: "password",
        credential: null,
        address: null,
        createdAtMs: 1_000,
        seenAtMs,
        expiresAtMs,
      }),
    );
  const addToken = (secretHash: string, name: string) =>
    store().transaction((tx) =>
      insertToken(tx, {
        id: newId(),
        secretHash,
        name: "test",
        person: name,
        scopes: ["all"],
        createdAtMs: 1_000,
        createdBy: "user:ada",
        expiresAtMs: null,
        usedAtMs: null,
        revokedAtMs: null,
        revokedBy: null,
      }),
    );

  test("who gets a name begins without what others of the name had; who has it keeps theirs", async () => {
    await addSession("s1", "dana", 1_000, 9_000);
    await addToken("t1", "dana");
    await addToken("t2", "olaf");
    expect(await add("dana")).toBe(true);
    expect(await readSession(store().reader, "s1")).toBeNull();
    expect(await readTokenBySecret(store().reader, "t1")).toBeNull();
    expect(await readTokenBySecret(store().reader, "t2")).not.toBeNull();
    await addToken("t3", "dana");
    expect(await add("dana")).toBe(false);
    expect(await readTokenBySecret(store().reader, "t3")).not.toBeNull();
    expect(await store().transaction((tx) => deletePerson(tx, "dana"))).toBe(true);
    expect(await readTokenBySecret(store().reader, "t3")).toBeNull();
  });

  test("of two who take a name at the same time one gets it", async () => {
    const both = await Promise.all(
      [store(), peer()].map((one) => one.transaction((tx) => insertPerson(tx, person("dana", "issuer 1")))),
    );
    expect(both.filter(Boolean)).toHaveLength(1);
    expect(await readNameOfAccount(store().reader, "issuer 1")).toBe("dana");
    expect(await readNameOfAccount(store().reader, "issuer 2")).toBeNull();
  });

  test("sessions that are over go, by their end and by their last use", async () => {
    await addSession("ended", "dana", 5_000, 6_000);
    await addSession("idle", "dana", 2_000, 99_000);
    await addSession("lives", "dana", 5_000, 99_000);
    await store().transaction((tx) => deleteExpiredSessions(tx, 6_000, 3_000));
    const left = await Promise.all(
      ["ended", "idle", "lives"].map((hash) => readSession(store().reader, hash)),
    );
    expect(left.map((session) => session?.secretHash)).toEqual([undefined, undefined, "lives"]);
  });

  test("a login under way is taken once, in time and as what it is; others that are over go", async () => {
    const attempt = (secretHash: string, expiresAtMs: number): LoginAttempt => ({
      secretHash,
      kind: "oidc",
      data: { state: "x" },
      expiresAtMs,
    });
    await store().transaction((tx) => insertLoginAttempt(tx, attempt("old", 2_000), 1_000));
    await store().transaction((tx) => insertLoginAttempt(tx, attempt("new", 9_000), 2_000));
    expect(await hasLoginAttempt(store().reader, "oidc", "old", 0)).toBe(false);
    expect(await hasLoginAttempt(store().reader, "oidc", "new", 8_999)).toBe(true);
    expect(await hasLoginAttempt(store().reader, "oidc", "new", 9_000)).toBe(false);
    expect(await hasLoginAttempt(store().reader, "setup", "new", 3_000)).toBe(false);
    const takes = await Promise.all(
      [store(), peer()].map((one) => one.transaction((tx) => takeLoginAttempt(tx, "oidc", "new", 3_000))),
    );
    expect(takes.filter((taken) => taken !== null)).toEqual([{ state: "x" }]);
  });

  test("a key of a start is known for a day, by whoever took it", async () => {
    const key = { principal: "user:dana", key: "order 66" };
    const start = { digest: "d", runId: newId() };
    expect(await store().transaction((tx) => takeStartKey(tx, key, start, 1_000))).toBeNull();
    expect(await readStartKey(store().reader, key, 1_000 + START_KEY_MS - 1)).toEqual(start);
    expect(await readStartKey(store().reader, key, 1_000 + START_KEY_MS)).toBeNull();
    expect(await readStartKey(store().reader, { ...key, principal: "user:olaf" }, 1_000)).toBeNull();
  });
});
