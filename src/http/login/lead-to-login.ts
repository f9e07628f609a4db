import type { NextFunction, Request, Response } from "express";
import { identityOf } from "../identity.ts";
import { isPageRequest } from "../page-request.ts";
import { sendOnward } from "./pages.ts";
import { returnPath } from "./return-path.ts";

/**
 * Leads a person who is not logged in to the login page, and from there back. A link on another site, such as in a notice, comes without
 * the session's cookie (SameSite=Strict): it is followed once more from a page of ours, which sends it.
 */
export function leadToLogin(request: Request, response: Response, next: NextFunction): void {
  if (!isPageRequest(request) || identityOf(request) !== null) return next();
  const site = request.get("sec-fetch-site");
  const path = returnPath(request.originalUrl);
  if (site === "cross-site" || site === "same-site") return sendOnward(response, path);
  response.redirect(303, `/login?return_to=${encodeURIComponent(path)}`);
}
