import express, { type Express } from "express";
import helmet from "helmet";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { RequestLimits } from "../alerts/limits.ts";
import type { Log } from "../platform/log.ts";
import { jsonBodies } from "./api/json-body.ts";
import { refuseCrossSite } from "./cross-site.ts";
import { identify, type WhoSends } from "./identity.ts";
import { loginForms } from "./login/form.ts";
import { leadToLogin } from "./login/lead-to-login.ts";
import { isPageRequest } from "./page-request.ts";
import { policedRouter, refuseUnpoliced, type Subjects } from "./policing.ts";
import { notFound, problemHandler } from "./problems.ts";
import type { ApiRoutes, RouteList, Routes } from "./routes.ts";
import { sendNothingHere } from "./pages/layout.ts";
import { UI_BASE, uiAssets, type UiFiles, uiRoutes } from "./pages/ui.ts";
import type { ReceiveWebhook } from "./webhooks/webhooks.ts";

export interface WebAppParts {
  /** Before anybody is asked who they are: what a probe shows is not looked at. */
  readonly health: Routes;
  readonly lifecycle: Routes;
  readonly api: readonly ApiRoutes[];
  /** Those that whoever is not logged in sees. */
  readonly loginPages: readonly Routes[];
  readonly pages: Routes;
  /** The built web pages; null where they were not built. */
  readonly ui: UiFiles | null;
  /** What the policies of routes are about. */
  readonly subjects: Subjects;
  readonly whoSends: WhoSends;
  /** How people reach the service; pages of other sites may not act here. */
  readonly externalUrl: string;
  readonly log: Log;
}

/** All routes in the order in which they are tried. Throws when one of them has no policy. */
export function createWebApp(parts: WebAppParts): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", "simple");
  // The pages set a policy of their own; HSTS is for whoever terminates TLS.
  app.use(
    helmet({
      contentSecurityPolicy: { directives: { "default-src": ["'none'"], "upgrade-insecure-requests": null } },
      strictTransportSecurity: false,
      // With `no-referrer` a browser says `Origin: null` of our own forms.
      referrerPolicy: { policy: "same-origin" },
    }),
  );
  app.use(refuseCrossSite(parts.externalUrl));
  const policed = new Set<unknown>();
  const routerOf = (routes: RouteList) => {
    const router = policedRouter(routes, parts.subjects, parts.whoSends);
    policed.add(router);
    return router;
  };
  app.use(routerOf(parts.health));
  app.use(async (request, _response, next) => {
    const identity = await parts.whoSends(request, true);
    if (identity !== null) identify(request, identity);
    next();
  });
  app.use(routerOf(parts.lifecycle));
  app.use("/api/v1", ...jsonBodies());
  for (const routes of parts.api) app.use("/api/v1", routerOf(routes));
  app.use(["/login", "/setup"], loginForms());
  for (const routes of parts.loginPages) app.use(routerOf(routes));
  if (parts.ui !== null) app.use(UI_BASE, uiAssets(parts.ui));
  app.use(leadToLogin);
  app.use(routerOf(uiRoutes(parts.ui)));
  app.use(routerOf(parts.pages));
  app.use((request, response) => {
    if (isPageRequest(request)) return sendNothingHere(response);
    throw notFound(`there is nothing at ${request.path.slice(0, 200)}`);
  });
  app.use(problemHandler(parts.log));
  refuseUnpoliced(app, policed);
  return app;
}

/** A server with a limit on everything that a client can make it wait for or hold. Webhooks pass by everything that only browsers need. */
export function createWebServer(receive: ReceiveWebhook, app: Express, limits: RequestLimits): Server {
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: limits.connectionsCheckingIntervalMs,
      noDelay: true,
    },
    (request, response) => {
      if (!receive(request, response)) app(request, response);
    },
  );
  server.maxHeadersCount = limits.headersMax;
  server.maxConnections = limits.connectionsMax;
  return server;
}

export async function listen(server: Server, host: string, port: number): Promise<number> {
  server.listen(port, host === "" ? undefined : host);
  try {
    await once(server, "listening");
  } catch (error) {
    throw new Error(`cannot listen on ${host}:${port}: ${describeListenError(error)}`, { cause: error });
  }
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : port;
}

function describeListenError(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") return "another program has it; stop that one, or set --web.listen-address";
  if (code === "EACCES") return "not permitted; take a port of 1024 or above, or let a proxy listen there";
  if (code === "EADDRNOTAVAIL") return "this machine has no such address; set --web.listen-address";
  return error instanceof Error ? error.message : String(error);
}

/** How long connections in use are given when the server closes. */
const CLOSE_GRACE_MS = 2_000;

/** No new connections, idle ones closed at once, busy ones after a grace. */
export async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  const grace = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
  await closed;
  clearTimeout(grace);
}
