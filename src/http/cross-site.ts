import type { NextFunction, Request, Response } from "express";
import { isIP } from "node:net";
import { HttpProblem } from "./problems.ts";

/** Methods that change nothing. */
export const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Refuses what a page of another site makes a browser send: without a login, being able to connect is all it takes to act here.
 * Programs send neither header and are let through. A page of ours comes from `externalUrl`, or from the address itself where that is no
 * DNS name: a name can be pointed here by whoever owns it (DNS rebinding), and its page then looks like one of ours.
 */
export function refuseCrossSite(externalUrl: string) {
  const ownOrigin = new URL(externalUrl).origin;
  return (request: Request, _response: Response, next: NextFunction): void => {
    if (!SAFE_METHODS.has(request.method) && isCrossSite(request, ownOrigin)) {
      const detail =
        "a page of another site may not act here; open Nightshift itself, or set web.external_url to what people type";
      throw new HttpProblem(403, "Cross-site request", detail);
    }
    next();
  };
}

/** Whether a browser says that a page of ours sends it. */
export function isOwnOrigin(request: Request, externalUrl: string): boolean {
  return request.get("origin") !== undefined && !isCrossSite(request, new URL(externalUrl).origin);
}

function isCrossSite(request: Request, ownOrigin: string): boolean {
  const site = request.get("sec-fetch-site");
  if (site !== undefined && site !== "same-origin" && site !== "none") return true;
  const origin = request.get("origin");
  if (origin === undefined || origin === ownOrigin) return false;
  if (!URL.canParse(origin)) return true;
  const { host, hostname } = new URL(origin);
  const isName = isIP(hostname.replace(/^\[|\]$/g, "")) === 0 && hostname !== "localhost";
  return isName || host !== request.get("host");
}
