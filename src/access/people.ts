import type { RoleGrants } from "./login-schema.ts";
import { isAmong, type Principal, type Role, ROLES } from "./principal.ts";

/** Somebody whom the service knows: by a password of its own, from a provider, or from a proxy. */
export interface Person {
  readonly name: string;
  readonly groups: readonly string[];
  /** Given to this person alone, such as to the first one; null for what the settings say. */
  readonly ownRole: Role | null;
}

/** The person as one who acts; the highest of all roles that name them. */
export function principalFor({ name, groups, ownRole }: Person, roles: RoleGrants): Principal {
  const nobody: Principal = { id: `user:${name}`, name, groups, role: null, isLocal: false };
  const given = ROLES.filter((role) => role === ownRole || isAmong(nobody, roles[role]));
  return { ...nobody, role: given.at(-1) ?? null };
}
