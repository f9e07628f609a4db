import { createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import { AlertPage } from "./pages/alert.tsx";
import { AlertsPage } from "./pages/alerts.tsx";
import { ApprovalPage } from "./pages/approval.tsx";
import { ApprovalsPage } from "./pages/approvals.tsx";
import { AuditPage } from "./pages/audit.tsx";
import { HostsPage } from "./pages/hosts.tsx";
import { NotFoundPage } from "./pages/not-found.tsx";
import { NowPage } from "./pages/now.tsx";
import { RulesPage } from "./pages/rules.tsx";
import { RunPage } from "./pages/run.tsx";
import { RunbookPage } from "./pages/runbook.tsx";
import { RunbooksPage } from "./pages/runbooks.tsx";
import { RunsPage } from "./pages/runs.tsx";
import { SchedulesPage } from "./pages/schedules.tsx";
import { StatusPage } from "./pages/status.tsx";
import { TokensPage } from "./pages/tokens.tsx";
import { Shell } from "./shell.tsx";

const rootRoute = createRootRoute({ component: Shell, notFoundComponent: NotFoundPage });
const at = <Path extends string>(path: Path, component: () => React.ReactNode) =>
  createRoute({ getParentRoute: () => rootRoute, path, component });

// Every page has an address of its own, so that a link says where it leads.
const routes = [
  at("/", NowPage),
  at("/alerts", AlertsPage),
  at("/alerts/$id", AlertPage),
  at("/runbooks", RunbooksPage),
  at("/runbooks/$name", RunbookPage),
  at("/runs", RunsPage),
  at("/runs/$id", RunPage),
  at("/approvals", ApprovalsPage),
  at("/approvals/$id", ApprovalPage),
  at("/rules", RulesPage),
  at("/hosts", HostsPage),
  at("/schedules", SchedulesPage),
  at("/audit", AuditPage),
  at("/tokens", TokensPage),
  at("/status", StatusPage),
] as const;

export const router = createRouter({
  routeTree: rootRoute.addChildren(routes),
  defaultPreload: false,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
