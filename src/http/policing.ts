import { type Express, type Request, Router } from "express";
import { authorize, type Identity, type Subject } from "../access/authorize.ts";
import { identityOf, requireLoggedIn, type WhoSends } from "./identity.ts";
import { HttpProblem } from "./problems.ts";
import type { Operation, RouteList } from "./routes.ts";

/** Finds what a path is about. Both throw 404 when there is nothing of that name. */
export interface Subjects {
  run(id: string): Promise<Subject>;
  runbook(name: string): Subject;
}

/** Asks once more what a route asked before it answered, of who sends the request by now. */
const checksAgain = new WeakMap<Request, () => Promise<void>>();

/**
 * Whether what lets a request through still does: the session or token may have ended meanwhile, and rights may have gone. For answers
 * that take long.
 */
export async function isStillAllowed(request: Request): Promise<boolean> {
  try {
    await checksAgain.get(request)?.();
    return true;
  } catch (error) {
    if (error instanceof HttpProblem) return false;
    throw error;
  }
}

/** Express' router for these routes, each behind its policy. */
export function policedRouter(routes: RouteList, subjects: Subjects, whoSends: WhoSends): Router {
  const router = Router();
  for (const route of routes.all)
    router[route.method](route.path, async (request, response, next) => {
      await enforce(route, request, subjects, identityOf(request));
      checksAgain.set(request, async () => enforce(route, request, subjects, await whoSends(request, false)));
      await route.handler(request, response, next);
    });
  return router;
}

/** Throws 401 or 403, or 404 where what is asked for is not there. */
async function enforce(
  operation: Operation,
  request: Request,
  subjects: Subjects,
  sender: Identity | null,
): Promise<void> {
  const { policy, isRead } = operation;
  if (policy.kind === "open") return;
  const identity = requireLoggedIn(sender);
  if (policy.kind === "known") return;
  const subject = await subjectOf(policy.of, request, subjects);
  const asked = { permission: policy.permission, subject, isRead };
  const answer = authorize(identity, asked);
  if (!answer.isAllowed) throw new HttpProblem(403, "Not allowed", answer.because);
}

async function subjectOf(
  of: "everything" | "run" | "runbook",
  request: Request,
  subjects: Subjects,
): Promise<Subject> {
  switch (of) {
    case "everything":
      return { kind: "everything" };
    case "run":
      return subjects.run(String(request.params["id"]));
    case "runbook":
      return subjects.runbook(String(request.params["name"]));
  }
}

/**
 * Throws when the application answers a path that is not among `routes`: what was registered beside {@link Routes} has no policy.
 * `policed` are the routers made from them. Webhooks never come here: they prove themselves by their source.
 */
export function refuseUnpoliced(app: Express, policed: ReadonlySet<unknown>): void {
  const unpoliced = pathsOf(app.router, policed);
  if (unpoliced.length > 0)
    throw new Error(`these routes have no policy: ${unpoliced.join(", ")}; register them through Routes`);
}

interface Layer {
  readonly route?: { readonly path: string };
  readonly handle?: { readonly stack?: readonly Layer[] };
}

function pathsOf(router: unknown, policed: ReadonlySet<unknown>): string[] {
  if (policed.has(router)) return [];
  const { stack = [] } = router as { readonly stack?: readonly Layer[] };
  return stack.flatMap((layer) => [
    ...(layer.route === undefined ? [] : [String(layer.route.path)]),
    ...pathsOf(layer.handle ?? {}, policed),
  ]);
}
