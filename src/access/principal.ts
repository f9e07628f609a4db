/** Each may do what those before it may; what exactly is one table, `access/permissions.ts`. */
export const ROLES = ["viewer", "responder", "operator", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** What a person may be called: it becomes part of `user:NAME`, of file names and log lines. */
export const PRINCIPAL_NAME = /^[\p{L}\p{N}][\p{L}\p{N}._@+-]{0,127}$/u;

/** Who acts: a person over all their sessions and tokens, or the local admin where there is no login. */
export interface Principal {
  /** What is stored and compared: `user:dana`, `user:local`. */
  readonly id: string;
  /** As people know it: `dana`. */
  readonly name: string;
  readonly groups: readonly string[];
  /** Null for somebody whom no role names: they may do only what the `access` of a runbook gives them. */
  readonly role: Role | null;
  /** There is no login, so nobody can be told apart: grants of runbooks are not asked for. */
  readonly isLocal: boolean;
}

/** Everybody who can connect, where no login is configured. */
export const LOCAL_PRINCIPAL: Principal = {
  id: "user:local",
  name: "local",
  groups: [],
  role: "admin",
  isLocal: true,
};

/** Whether the principal is among those named by `everyone`, `user:NAME` or `group:NAME`. */
export function isAmong(principal: Principal, names: readonly string[]): boolean {
  return names.some(
    (name) =>
      name === "everyone" ||
      name === principal.id ||
      (name.startsWith("group:") && principal.groups.includes(name.slice("group:".length))),
  );
}
