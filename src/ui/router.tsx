import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { addressFrom, type Query, queryFrom } from "./address.ts";
import { NotFoundPage } from "./pages/not-found.tsx";
import { Shell } from "./shell/shell.tsx";

const rootRoute = createRootRoute({ component: Shell, notFoundComponent: NotFoundPage });

/** A page that is loaded when it is first opened. */
function at<const Path extends string, const Name extends string>(
  path: Path,
  load: () => Promise<Record<Name, () => React.ReactNode>>,
  name: Name,
) {
  return createRoute({
    getParentRoute: () => rootRoute,
    path,
    component: lazyRouteComponent(load, name),
    // Every parameter is a text; each page reads those that it knows.
    validateSearch: (search: Record<string, unknown>) => search as Query,
  });
}

// Every page has an address of its own, so that a link says where it leads.
const routes = [
  at("/", () => import("./pages/now.tsx"), "NowPage"),
  at("/alerts", () => import("./pages/alerts.tsx"), "AlertsPage"),
  at("/alerts/$id", () => import("./pages/alert.tsx"), "AlertPage"),
  at("/runbooks", () => import("./pages/runbooks.tsx"), "RunbooksPage"),
  at("/runbooks/$name", () => import("./pages/runbook.tsx"), "RunbookPage"),
  at("/runs", () => import("./pages/runs.tsx"), "RunsPage"),
  at("/runs/$id", () => import("./pages/run.tsx"), "RunPage"),
  at("/approvals", () => import("./pages/approvals.tsx"), "ApprovalsPage"),
  at("/approvals/$id", () => import("./pages/approval.tsx"), "ApprovalPage"),
  at("/rules", () => import("./pages/rules.tsx"), "RulesPage"),
  // Not below /rules, where a rule may have any name.
  at("/explain", () => import("./pages/explain.tsx"), "ExplainPage"),
  at("/rules/$name", () => import("./pages/rule.tsx"), "RulePage"),
  at("/pauses", () => import("./pages/pauses.tsx"), "PausesPage"),
  at("/hosts", () => import("./pages/hosts.tsx"), "HostsPage"),
  at("/schedules", () => import("./pages/schedules.tsx"), "SchedulesPage"),
  at("/audit", () => import("./pages/audit.tsx"), "AuditPage"),
  at("/tokens", () => import("./pages/tokens.tsx"), "TokensPage"),
  at("/status", () => import("./pages/status.tsx"), "StatusPage"),
] as const;

export const router = createRouter({
  routeTree: rootRoute.addChildren(routes),
  // The script of a page comes while the pointer is on its way to the link.
  defaultPreload: "intent",
  scrollRestoration: true,
  parseSearch: queryFrom,
  stringifySearch: addressFrom,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
