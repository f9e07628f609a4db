import type { Request } from "express";
import type { Identity } from "../access/authorize.ts";
import { LOCAL_PRINCIPAL, type Principal } from "../access/principal.ts";
import { HttpProblem } from "./problems.ts";

/** How somebody showed who they are. */
export type Via =
  | { readonly kind: "local" }
  | { readonly kind: "proxy" }
  | { readonly kind: "session"; readonly id: string }
  | { readonly kind: "token"; readonly id: string };

export interface RequestIdentity extends Identity {
  readonly via: Via;
}

/**
 * Who sends a request; null when it does not say. Throws 401 for what is said and not true. `isUse`: a session's idle time begins anew; not
 * so where a request that is still being answered is only looked at again.
 */
export type WhoSends = (request: Request, isUse: boolean) => Promise<RequestIdentity | null>;

/** Of everybody, where no login is configured. */
export const LOCAL_IDENTITY: RequestIdentity = {
  principal: LOCAL_PRINCIPAL,
  scopes: null,
  via: { kind: "local" },
};

/** Of each request; a request that is over takes its entry with it. */
const identities = new WeakMap<Request, RequestIdentity>();

/** Says who sent the request. Called once, before any route. */
export function identify(request: Request, identity: RequestIdentity): void {
  identities.set(request, identity);
}

/** Null when nobody said who they are. */
export function identityOf(request: Request): RequestIdentity | null {
  return identities.get(request) ?? null;
}

/** Throws 401 when nobody said who they are. */
export function requireIdentity(request: Request): RequestIdentity {
  return requireLoggedIn(identityOf(request));
}

/** Throws 401 for nobody. */
export function requireLoggedIn<Known extends Identity>(identity: Known | null): Known {
  if (identity !== null) return identity;
  throw new HttpProblem(401, "Not logged in", "log in, or send a token: Authorization: Bearer TOKEN", {
    headers: { "www-authenticate": 'Bearer realm="nightshift"' },
  });
}

/** Who asks. Throws 401 when nobody said who they are. */
export function principalOf(request: Request): Principal {
  return requireIdentity(request).principal;
}
