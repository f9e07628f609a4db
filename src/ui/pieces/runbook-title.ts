import type { Runbook } from "../api/types.ts";

/** What people call it; its name where it has no title. */
export function titleOf({ name, title }: Pick<Runbook, "name" | "title">): string {
  return title === null || title === "" ? name : title;
}
