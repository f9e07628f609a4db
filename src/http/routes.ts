import type { Request, RequestHandler, Response } from "express";
import type { z } from "zod";
import type { Permission } from "../access/authorize.ts";
import { readGiven } from "./given.ts";
import type { ApiHandler, OperationFacts } from "./operation.ts";

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

/** What can be put behind policies. */
export interface RouteList {
  readonly all: readonly Route[];
}

/** Routes beside the API, such as pages, each with its policy: what is not said here cannot be reached. */
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

/** An operation of the API, with what its document says of it. */
export interface ApiOperation extends Operation {
  /** What it is about: the heading under which the document has it. */
  readonly tag: string;
  readonly facts: OperationFacts;
}

export interface ApiRoute extends ApiOperation, Route {}

type None = z.ZodObject<Record<never, never>>;

/**
 * The routes of one part of the API, each with its policy and its facts. A handler gets query and body as the schemas of the facts
 * have read them.
 */
export class ApiRoutes {
  readonly all: ApiRoute[] = [];
  readonly #tag: string;

  constructor(tag: string) {
    this.#tag = tag;
  }

  get<Query extends z.ZodObject = None>(
    path: string,
    policy: Policy,
    facts: OperationFacts<Query, None>,
    handler: ApiHandler<Query, None>,
  ): void {
    this.#add({ method: "get", path, policy, isRead: true }, facts, handler);
  }

  post<Query extends z.ZodObject = None, Body extends z.ZodType = None>(
    path: string,
    policy: Policy,
    facts: OperationFacts<Query, Body>,
    handler: ApiHandler<Query, Body>,
  ): void {
    this.#add({ method: "post", path, policy, isRead: false }, facts, handler);
  }

  /** A POST that changes nothing: it only takes more than fits into a URL. */
  ask<Query extends z.ZodObject = None, Body extends z.ZodType = None>(
    path: string,
    policy: Policy,
    facts: OperationFacts<Query, Body>,
    handler: ApiHandler<Query, Body>,
  ): void {
    this.#add({ method: "post", path, policy, isRead: true }, facts, handler);
  }

  delete<Query extends z.ZodObject = None, Body extends z.ZodType = None>(
    path: string,
    policy: Policy,
    facts: OperationFacts<Query, Body>,
    handler: ApiHandler<Query, Body>,
  ): void {
    this.#add({ method: "delete", path, policy, isRead: false }, facts, handler);
  }

  #add<Query extends z.ZodObject, Body extends z.ZodType>(
    operation: Operation,
    facts: OperationFacts<Query, Body>,
    handler: ApiHandler<Query, Body>,
  ): void {
    const read: Handler = (request, response) =>
      handler(request, response, readGiven(operation.method, facts, request));
    this.all.push({ ...operation, tag: this.#tag, facts, handler: read });
  }
}
