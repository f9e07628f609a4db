import type { Access } from "../runbooks/runbook.ts";
import { isAmong, type Principal, type Role, ROLES } from "./principal.ts";

/**
 * What can be asked for, and from which role on it is given whatever it is about (the table under People in the design). Null: no
 * role gives it, only the `access` of a runbook does.
 */
export const PERMISSIONS = {
  /** Lists, status, statistics, and that a run exists and how it went. */
  see: "viewer",
  /** Logs, files and bundle of a run. */
  read_evidence: "responder",
  /** Raw payloads, and what rules would do with an alert. */
  explain: "responder",
  /** Cancel, pin and note a run. */
  manage_run: "responder",
  /** What a runbook asks for and would do; no run begins by it. */
  plan: "responder",
  /** Files that a runbook gathered as sensitive. */
  read_sensitive: "operator",
  /** Pauses, host holds, breaker resets, replays. */
  operate: "operator",
  /** People, tokens of others, audit export, reload, removal. */
  administer: "admin",
  /** Start a run. */
  start: null,
} as const satisfies Readonly<Record<string, Role | null>>;

export type Permission = keyof typeof PERMISSIONS;

/** What a permission is asked for: everything, one runbook, or one run of a runbook. */
export type Subject =
  | { readonly kind: "everything" }
  | { readonly kind: "runbook"; readonly runbook: string; readonly access: Access | null }
  | {
      readonly kind: "run";
      readonly runbook: string;
      /** Null where the runbook names nobody, or is not there any more. */
      readonly access: Access | null;
      readonly requestedBy: string;
    };

/** Who asks, and what the way they came by lets through. */
export interface Identity {
  readonly principal: Principal;
  /** Scopes of the token that was shown; null where it was none, so that nothing is narrowed. */
  readonly scopes: readonly string[] | null;
}

export interface Asked {
  readonly permission: Permission;
  readonly subject: Subject;
  /** Whether it changes nothing: a token with scope `read` gives only that. */
  readonly isRead: boolean;
}

export type Authorization =
  | { readonly isAllowed: true }
  /** One sentence: what is missing, and who could help. */
  | { readonly isAllowed: false; readonly because: string };

/** Whether somebody may do something. The only place where that is decided; pure, so that `access check` can say why. */
export function authorize({ principal, scopes }: Identity, asked: Asked): Authorization {
  const narrowed = scopes === null ? null : whyOutOfScope(scopes, asked);
  if (narrowed !== null) return { isAllowed: false, because: narrowed };
  if (principal.isLocal || isGivenByRole(principal, asked) || isGivenByAccess(principal, asked))
    return { isAllowed: true };
  return { isAllowed: false, because: whatIsMissing(principal, asked) };
}

const NAMES = Object.keys(PERMISSIONS) as readonly Permission[];
export const PERMISSION_NAMES: readonly Permission[] = NAMES;

/** What changes something: a token that only reads does not give it. */
const CHANGING: ReadonlySet<Permission> = new Set(["manage_run", "operate", "administer", "start"]);

/** Everything that somebody may do about a subject, in the order of the table. */
export function permissionsOf(identity: Identity, subject: Subject): Permission[] {
  return NAMES.filter(
    (permission) => authorize(identity, { permission, subject, isRead: !CHANGING.has(permission) }).isAllowed,
  );
}

function isGivenByRole({ role }: Principal, { permission, subject }: Asked): boolean {
  const needed = PERMISSIONS[permission];
  if (needed === null || role === null || !isAtLeast(role, needed)) return false;
  // A runbook that says who sees it is hidden from other viewers; whoever is on call sees everything.
  return permission !== "see" || isAtLeast(role, "responder") || !isHidden(subject);
}

function isHidden(subject: Subject): boolean {
  return subject.kind !== "everything" && (subject.access?.view.length ?? 0) > 0;
}

export function isAtLeast(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** What the `access` of the runbook gives, and having asked for the run. */
function isGivenByAccess(principal: Principal, { permission, subject }: Asked): boolean {
  if (subject.kind === "everything") return false;
  const { view = [], run = [], approve = [] } = subject.access ?? {};
  const isOwn = subject.kind === "run" && subject.requestedBy === principal.id;
  switch (permission) {
    case "see":
      return isOwn || isAmong(principal, [...view, ...run, ...approve]);
    case "plan":
      return isAmong(principal, [...run, ...approve]);
    case "read_evidence":
      return isOwn || (subject.kind === "run" && isAmong(principal, approve));
    case "manage_run":
      return isOwn;
    case "start":
      return isAmong(principal, run);
    case "explain":
    case "read_sensitive":
    case "operate":
    case "administer":
      return false;
  }
}

/** `all`, `read`, and `run:NAME` for one runbook: what a token with only these scopes does not let through. */
function whyOutOfScope(scopes: readonly string[], { permission, subject, isRead }: Asked): string | null {
  if (scopes.includes("all") || (isRead && scopes.includes("read"))) return null;
  const isOfRunbook = subject.kind !== "everything" && scopes.includes(`run:${subject.runbook}`);
  if (isOfRunbook && OF_RUN_SCOPE.has(permission)) return null;
  return `the token's scope is ${scopes.join(", ") || "empty"}; ${isRead ? "read" : neededScope(permission, subject)} is needed`;
}

/** What whoever starts a run needs until its bundle is downloaded. */
const OF_RUN_SCOPE: ReadonlySet<Permission> = new Set([
  "see",
  "plan",
  "start",
  "read_evidence",
  "manage_run",
]);

function neededScope(permission: Permission, subject: Subject): string {
  const isForRunbook = subject.kind !== "everything" && OF_RUN_SCOPE.has(permission);
  return isForRunbook ? `run:${subject.runbook}` : "all";
}

function whatIsMissing(principal: Principal, { permission, subject }: Asked): string {
  if (permission === "start") {
    const named = subject.kind === "everything" ? [] : (subject.access?.run ?? []);
    return named.length === 0
      ? "its runbook names nobody in access.run, so that only rules and schedules start it, or has left the configuration"
      : `access.run of its runbook names ${named.join(", ")}; ${describe(principal)}`;
  }
  return `it needs the role ${PERMISSIONS[permission]}; ${describe(principal)}`;
}

function describe({ name, role, groups }: Principal): string {
  const inGroups = groups.length === 0 ? "in no group" : `in ${groups.join(", ")}`;
  return `${name} has ${role === null ? "no role" : `the role ${role}`} and is ${inGroups}`;
}
