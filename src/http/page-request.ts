import type { Request } from "express";

/** Somebody who opens an address in a browser: a program asks for JSON, or for nothing in particular. */
export function isPageRequest(request: Request): boolean {
  return request.method === "GET" && request.accepts(["json", "html"]) === "html";
}
