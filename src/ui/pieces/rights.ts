import { useQuery } from "@tanstack/react-query";
import type { Permission } from "../api/generated.ts";
import { me } from "../api/queries.ts";

// What somebody may not do is not offered: the service says what they may. Of everything by `permissions` of who is logged in, of one run by
// `permissions` of the run, of what is started or decided by its `may_start` and `may_decide`. The service decides all the same.

/** Whether who looks may do something whatever it is about. False while it is not known. */
export function useMay(permission: Permission): boolean {
  return useQuery(me()).data?.permissions.includes(permission) ?? false;
}
