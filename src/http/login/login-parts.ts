import type { Request } from "express";
import type { LoginSettings } from "../../access/login-schema.ts";
import type { OidcProvider } from "../../access/oidc.ts";
import type { LogInDependencies } from "../../engine/log-in.ts";
import { HttpProblem } from "../problems.ts";
import type { LoginCookies } from "./cookies.ts";

/** What the routes of a login share. */
export interface LoginParts {
  readonly dependencies: LogInDependencies;
  /** Null where there is no login. */
  readonly login: () => LoginSettings | null;
  /** Null where none is configured. */
  readonly oidc: () => OidcProvider | null;
  readonly cookies: LoginCookies;
  readonly externalUrl: string;
}

/** Throws 404 where there is no login. */
export function requireLogin({ login }: Pick<LoginParts, "login">): LoginSettings {
  const settings = login();
  if (settings !== null) return settings;
  throw new HttpProblem(
    404,
    "No login",
    "no login is configured here: whoever can connect is the local admin",
  );
}

/** As the service sees it: behind a proxy it is the proxy's. */
export function addressOf(request: Request): string {
  return request.socket.remoteAddress ?? "unknown";
}
