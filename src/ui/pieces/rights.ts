import { useQuery } from "@tanstack/react-query";
import { me } from "../api/queries.ts";

const ROLES = ["viewer", "responder", "operator", "admin"] as const;

/**
 * Whether who looks has at least a role: what they cannot do is not offered. The service decides all the same. False while it is not known.
 */
export function useRole(needed: (typeof ROLES)[number]): boolean {
  const { data } = useQuery(me());
  if (data === undefined) return false;
  return data.is_local || (data.role !== null && ROLES.indexOf(data.role) >= ROLES.indexOf(needed));
}
