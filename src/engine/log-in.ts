import type { LoginAttemptKey, LoginLimits } from "../access/login-limits.ts";
import type { LoginSettings } from "../access/login-schema.ts";
import { isPassword, PASSWORD_CHARS_MAX } from "../access/password.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import { readPerson } from "../store/people.ts";
import type { Store } from "../store/store.ts";
import { type OpenedSession, openSession } from "./sessions.ts";

export type LogInResult =
  | { readonly kind: "logged_in"; readonly session: OpenedSession }
  | { readonly kind: "wrong" }
  | { readonly kind: "wait"; readonly waitMs: number };

export interface LogInDependencies {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: LoginLimits;
  /** Passwords that are being checked: each takes 32 MiB and a tenth of a second of a processor. */
  readonly checking: { count: number };
}

const CHECKS_AT_ONCE_MAX = 8;
const BUSY_WAIT_MS = 2_000;

/** Checks a name and a password, and opens a session. What is wrong is never said, and takes as long as what is right. */
export async function logInWithPassword(
  dependencies: LogInDependencies,
  login: LoginSettings,
  { name, password, address }: LoginAttemptKey & { readonly password: string },
): Promise<LogInResult> {
  const { store, clock, log, limits, checking } = dependencies;
  const key = { name, address };
  const waitMs = limits.waitMs(key, clock.monotonicMs());
  if (waitMs > 0) return { kind: "wait", waitMs };
  if (checking.count >= CHECKS_AT_ONCE_MAX) return { kind: "wait", waitMs: BUSY_WAIT_MS };
  const hash = await passwordHashOf(store, login, name);
  checking.count += 1;
  const isRight = await isPassword(password.slice(0, PASSWORD_CHARS_MAX), hash).finally(() => {
    checking.count -= 1;
  });
  if (!isRight) {
    limits.noteFailure(key, clock.monotonicMs());
    log.warn({ address }, "a login failed");
    return { kind: "wrong" };
  }
  limits.noteSuccess(key);
  const session = await store.transaction(async (tx) =>
    openSession(tx, login, { person: name, via: "password", address, atMs: await store.nowMs(tx) }),
  );
  log.info({ person: name, address }, "logged in");
  return { kind: "logged_in", session };
}

async function passwordHashOf(store: Store, login: LoginSettings, name: string): Promise<string | null> {
  const configured = login.users.find((user) => user.name === name);
  if (configured !== undefined) return configured.password_hash;
  return (await readPerson(store.reader, name))?.passwordHash ?? null;
}
