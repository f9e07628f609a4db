import { useQuery } from "@tanstack/react-query";
import { type Role, ROLE_WORDS } from "../api/generated.ts";
import { me } from "../api/queries.ts";

/**
 * Whether who looks has at least a role: what they cannot do is not offered. The service decides all the same. False while it is not known.
 */
export function useRole(needed: Role): boolean {
  const { data } = useQuery(me());
  if (data === undefined) return false;
  return data.is_local || (data.role !== null && ROLE_WORDS.indexOf(data.role) >= ROLE_WORDS.indexOf(needed));
}
