import type { CookieOptions, Request, Response } from "express";

/** What browsers hold of a login. Secrets of 32 random bytes; the server keeps only their hashes. */
export interface LoginCookies {
  /** What the cookie of a session is called. */
  readonly sessionName: string;
  session(request: Request): string | null;
  setSession(response: Response, secret: string, maxAgeMs: number): void;
  clearSession(response: Response): void;
  /** Of a login that is at the provider. */
  attempt(request: Request): string | null;
  setAttempt(response: Response, secret: string, maxAgeMs: number): void;
  clearAttempt(response: Response): void;
}

/**
 * With https the names begin with `__Host-` (RFC 6265bis): the browser then takes them from this host alone, over https alone, for all its
 * paths. Over http, on loopback or where `web.insecure` allows it, a browser would not take such cookies.
 */
export function loginCookies(externalUrl: string): LoginCookies {
  const isSecure = new URL(externalUrl).protocol === "https:";
  const prefix = isSecure ? "__Host-" : "";
  const base: CookieOptions = { httpOnly: true, secure: isSecure, path: "/" };
  // A login comes back from the provider's site, with a navigation that Strict cookies are not sent with.
  const [session, attempt] = [
    { name: `${prefix}nightshift`, options: { ...base, sameSite: "strict" as const } },
    { name: `${prefix}nightshift-login`, options: { ...base, sameSite: "lax" as const } },
  ];
  return {
    sessionName: session.name,
    session: (request) => readCookie(request, session.name),
    setSession: (response, secret, maxAge) =>
      void response.cookie(session.name, secret, { ...session.options, maxAge }),
    clearSession: (response) => void response.clearCookie(session.name, session.options),
    attempt: (request) => readCookie(request, attempt.name),
    setAttempt: (response, secret, maxAge) =>
      void response.cookie(attempt.name, secret, { ...attempt.options, maxAge }),
    clearAttempt: (response) => void response.clearCookie(attempt.name, attempt.options),
  };
}

/** The form of every secret of ours; anything else never reaches the database. */
const SECRET = /^[A-Za-z0-9_-]{43}$/;

function readCookie(request: Request, name: string): string | null {
  for (const part of (request.get("cookie") ?? "").split(";")) {
    const at = part.indexOf("=");
    if (at < 0 || part.slice(0, at).trim() !== name) continue;
    const value = part.slice(at + 1).trim();
    return SECRET.test(value) ? value : null;
  }
  return null;
}
