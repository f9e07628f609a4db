import type { Request } from "express";
import { authorize, type Identity, type Permission, permissionsOf } from "../access/authorize.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { VisibleRuns } from "../store/runs.ts";
import { requireIdentity } from "./identity.ts";
import { type RunAsked, runSubject } from "./subjects.ts";

/** Whether who asks may see a runbook. */
export function seesRunbook(
  request: Request,
  { runbooks }: Pick<Catalog, "runbooks">,
  name: string,
): boolean {
  const access = runbooks.get(name)?.access ?? null;
  const subject = { kind: "runbook", runbook: name, access } as const;
  return authorize(requireIdentity(request), { permission: "see", subject, isRead: true }).isAllowed;
}

/** Whether who asks may see what is of no single runbook: rules, schedules, hosts. */
export function seesEverything(request: Request): boolean {
  const asked = { permission: "see", subject: { kind: "everything" }, isRead: true } as const;
  return authorize(requireIdentity(request), asked).isAllowed;
}

/** Whether who asks may see a run. */
export function seesRun(
  request: Request,
  dependencies: Parameters<typeof runSubject>[0],
  run: RunAsked,
): boolean {
  const subject = runSubject(dependencies, run);
  return authorize(requireIdentity(request), { permission: "see", subject, isRead: true }).isAllowed;
}

/** What who asks may do with a run. It is run again as its runbook is now: not when that is gone. */
export function runPermissions(
  request: Request,
  dependencies: Parameters<typeof runSubject>[0],
  run: RunAsked,
): Permission[] {
  const isThere = dependencies.catalog.current().runbooks.has(run.runbook);
  const given = permissionsOf(requireIdentity(request), runSubject(dependencies, run));
  return given.filter((permission) => isThere || permission !== "start");
}

/** Which runs a list may hold for who asks; null for all. The same answers as {@link seesRun} gives run by run. */
export function visibleRuns(request: Request, { runbooks }: Pick<Catalog, "runbooks">): VisibleRuns | null {
  const identity = requireIdentity(request);
  const names = [...runbooks.keys()];
  const own = { principal: identity.principal.id, runbooks: scopedRunbooks(identity) };
  const isSeen = (name: string) => seesRunbook(request, { runbooks }, name);
  // Of a runbook that is gone nothing is known of who may see it: so it is as for one that names nobody.
  const seesUnnamed = authorize(identity, {
    permission: "see",
    subject: { kind: "runbook", runbook: "", access: null },
    isRead: true,
  }).isAllowed;
  if (!seesUnnamed) return { own, kind: "only", runbooks: names.filter(isSeen) };
  const hidden = names.filter((name) => !isSeen(name));
  return hidden.length === 0 ? null : { own, kind: "except", runbooks: hidden };
}

/** The runbooks that a token is for; null where it is not for single ones. */
function scopedRunbooks({ scopes }: Identity): readonly string[] | null {
  if (scopes === null || scopes.includes("all") || scopes.includes("read")) return null;
  return scopes.map((scope) => scope.replace(/^run:/, ""));
}
