import compression from "compression";
import express, { type RequestHandler, type Response } from "express";
import { existsSync, readFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { HttpProblem } from "../problems.ts";
import { KNOWN, Routes } from "../routes.ts";

/** Below it lie the scripts and styles of the web pages; vite.config.ts has the same. */
export const UI_BASE = "/ui";

/** The web pages as `npm run build` has made them. */
export interface UiFiles {
  readonly folder: string;
  /** The one page that all addresses begin with. */
  readonly index: string;
}

/** Null where they were not built. */
export function readUi(folder: string): UiFiles | null {
  const file = join(folder, "index.html");
  return existsSync(file) ? { folder, index: readFileSync(file, "utf8") } : null;
}

const YEAR_MS = 365 * 24 * 3_600_000;

/** Scripts and styles, compressed: their names change with their content, so that a browser may keep them for ever. They hold nothing secret. */
export function uiAssets({ folder }: UiFiles): RequestHandler[] {
  return [
    compression(),
    express.static(folder, { immutable: true, maxAge: YEAR_MS, index: false, redirect: false }),
  ];
}

/** Every address of a page. What is at none of them is not found, also for a browser. */
const PAGES = [
  "/",
  "/alerts",
  "/alerts/:id",
  "/runbooks",
  "/runbooks/:name",
  "/runs",
  "/runs/:id",
  "/approvals",
  "/approvals/:id",
  "/rules",
  "/rules/:name",
  "/explain",
  "/pauses",
  "/hosts",
  "/schedules",
  "/audit",
  "/tokens",
  "/status",
];

/** The pages' addresses; where nothing was built, each says how to build it. */
export function uiRoutes(ui: UiFiles | null): Routes {
  const routes = new Routes();
  for (const path of PAGES)
    routes.get(path, KNOWN, (_request, response) => {
      if (ui !== null) return sendIndex(response, ui.index);
      throw new HttpProblem(503, "Pages not built", "the web pages were not built; run: npm run build:ui");
    });
  return routes;
}

/** With a nonce of its own for styles that the page makes while it runs; scripts come from here alone, and none is inline. */
function sendIndex(response: Response, index: string): void {
  const nonce = randomBytes(16).toString("base64");
  response.set({
    "content-security-policy": `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
    "cache-control": "no-store",
  });
  response.type("html").send(index.replace("%STYLE_NONCE%", nonce));
}
