import type { Request, RequestHandler, Response } from "express";
import type { Permission } from "../access/authorize.ts";

/** What has to hold before a route answers. */
export type Policy =
  /** Nobody is asked who they are. */
  | { readonly kind: "open" }
  /** Somebody; what they get is cut to what they may see by the handler. */
  | { readonly kind: "known" }
  /** The permission, for everything, or for the run `:id` or the runbook `:name` of the path. */
  | { readonly kind: "may"; readonly permission: Permission; readonly of: "everything" | "run" | "runbook" };

export const OPEN: Policy = { kind: "open" };
export const KNOWN: Policy = { kind: "known" };

export function may(permission: Permission): Policy {
  return { kind: "may", permission, of: "everything" };
}

/** For a path with the id of a run in `:id`. */
export function mayOfRun(permission: Permission): Policy {
  return { kind: "may", permission, of: "run" };
}

/** For a path with the name of a runbook in `:name`. */
export function mayOfRunbook(permission: Permission): Policy {
  return { kind: "may", permission, of: "runbook" };
}

export type Method = "get" | "post" | "delete";

export interface Operation {
  readonly method: Method;
  /** As Express has it, without the prefix under which it is mounted: `/runs/:id`. */
  readonly path: string;
  readonly policy: Policy;
  /** Changes nothing, so that a token with scope `read` gives it. Every `get` does; a `post` only where it says so. */
  readonly isRead: boolean;
}

export type Handler = (request: Request, response: Response) => void | Promise<void>;

export interface Route extends Operation {
  readonly handler: RequestHandler;
}

/** The routes of one part of the API, each with its policy: what is not said here cannot be reached. */
export class Routes {
  readonly all: Route[] = [];

  get(path: string, policy: Policy, handler: Handler): void {
    this.all.push({ method: "get", path, policy, isRead: true, handler });
  }

  post(path: string, policy: Policy, handler: Handler): void {
    this.all.push({ method: "post", path, policy, isRead: false, handler });
  }

  /** A POST that changes nothing: it only takes more than fits into a URL. */
  ask(path: string, policy: Policy, handler: Handler): void {
    this.all.push({ method: "post", path, policy, isRead: true, handler });
  }

  delete(path: string, policy: Policy, handler: Handler): void {
    this.all.push({ method: "delete", path, policy, isRead: false, handler });
  }
}
