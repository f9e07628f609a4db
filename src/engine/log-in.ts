import type { LoginAttemptKey, LoginLimits } from "../access/login-limits.ts";
import type { LoginSettings } from "../access/login-schema.ts";
import { isPassword, PASSWORD_CHARS_MAX } from "../access/password.ts";
import { PRINCIPAL_NAME } from "../access/principal.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import type { SessionVia } from "../store/sessions.ts";
import { addAudit, type AuditDependencies } from "./audit.ts";
import { type OpenedSession, openSession, passwordHashOf } from "./sessions.ts";

export type LogInResult =
  | { readonly kind: "logged_in"; readonly session: OpenedSession }
  | { readonly kind: "wrong" }
  | { readonly kind: "wait"; readonly waitMs: number };

export interface LogInDependencies extends AuditDependencies {
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
  const hash = await passwordHashOf(store.reader, login, name);
  checking.count += 1;
  const isRight = await isPassword(password.slice(0, PASSWORD_CHARS_MAX), hash).finally(() => {
    checking.count -= 1;
  });
  if (!isRight) {
    limits.noteFailure(key, clock.monotonicMs());
    await noteFailure(dependencies, key);
    log.warn({ address }, "a login failed");
    return { kind: "wrong" };
  }
  limits.noteSuccess(key);
  const session = await logInPerson(dependencies, login, { person: name, via: "password", address });
  return { kind: "logged_in", session };
}

/** Opens a session for somebody who has shown who they are. */
export async function logInPerson(
  dependencies: AuditDependencies & Pick<LogInDependencies, "log">,
  login: LoginSettings,
  {
    person,
    via,
    address,
  }: { readonly person: string; readonly via: SessionVia; readonly address: string | null },
): Promise<OpenedSession> {
  const { store, log } = dependencies;
  const session = await store.transaction(async (tx) => {
    const atMs = await store.nowMs(tx);
    const opened = await openSession(tx, login, { person, via, address, atMs });
    const by = { principal: `user:${person}`, via: `session:${opened.id}`, remoteAddress: address };
    const subject = { kind: "user", id: person } as const;
    await addAudit(tx, dependencies, { atMs, by, action: "login", subject, detail: { via } });
    return opened;
  });
  log.info({ person, via, address }, "logged in");
  return session;
}

/** A login that was refused, for the audit log. The name is what somebody typed: a password typed into its field is taken out only where it is known. */
export async function noteFailure(
  dependencies: AuditDependencies,
  { name, address }: LoginAttemptKey,
): Promise<void> {
  const { store } = dependencies;
  const by = { principal: "anonymous", via: null, remoteAddress: address };
  const subject = { kind: "user", id: PRINCIPAL_NAME.test(name) ? name : "(no name of a person)" } as const;
  await store.transaction(async (tx) =>
    addAudit(tx, dependencies, {
      atMs: await store.nowMs(tx),
      by,
      action: "login.failed",
      subject,
      detail: {},
    }),
  );
}
