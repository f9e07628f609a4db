import type { Request } from "express";
import { LOCAL_PRINCIPAL, type Principal } from "../access/principal.ts";

/** Who asks. This version has no login: whoever can connect is the local admin. */
export function principalOf(_request: Request): Principal {
  return LOCAL_PRINCIPAL;
}
