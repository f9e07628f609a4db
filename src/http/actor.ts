import type { Request } from "express";
import type { Actor } from "../audit/entry.ts";
import { requireIdentity, type Via } from "./identity.ts";

/** Who sent the request, by which way and from where, as the audit log has it. Throws 401 when nobody said who they are. */
export function actorOf(request: Request): Actor {
  const { principal, via } = requireIdentity(request);
  return { principal: principal.id, via: viaText(via), remoteAddress: request.ip ?? null };
}

function viaText(via: Via): string {
  switch (via.kind) {
    case "local":
    case "proxy":
      return via.kind;
    case "session":
    case "token":
      return `${via.kind}:${via.id}`;
  }
}
