import { accessRoutes } from "./http/api/access.ts";
import { meRoutes } from "./http/api/me.ts";
import { peopleRoutes } from "./http/api/people.ts";
import { tokenRoutes } from "./http/api/tokens.ts";
import { alertReplayRoutes } from "./http/api/alert-replay.ts";
import { alertBundleRoutes } from "./http/api/alert-bundle.ts";
import { alertRoutes } from "./http/api/alerts.ts";
import { approvalRoutes } from "./http/api/approvals.ts";
import { auditRoutes } from "./http/api/audit.ts";
import { breakerRoutes } from "./http/api/breakers.ts";
import { changeRoutes } from "./http/api/changes.ts";
import { explainRoutes } from "./http/api/explain.ts";
import { hostRoutes } from "./http/api/hosts.ts";
import { openApiRoutes } from "./http/api/openapi.ts";
import { noticeRoutes } from "./http/api/notices.ts";
import { pauseRoutes } from "./http/api/pauses.ts";
import { reloadRoutes } from "./http/api/reload.ts";
import { retentionRoutes } from "./http/api/retention.ts";
import { ruleRoutes } from "./http/api/rules.ts";
import { runbookRoutes } from "./http/api/runbooks.ts";
import { runFileRoutes } from "./http/api/run-files.ts";
import { runEventRoutes } from "./http/api/run-events.ts";
import { logDependencies } from "./http/api/logs.ts";
import { runLogRawRoutes } from "./http/api/run-log-raw.ts";
import { runLogSearchRoutes } from "./http/api/run-log-search.ts";
import { runLogRoutes } from "./http/api/run-log.ts";
import { runPlanRoutes } from "./http/api/run-plan.ts";
import { runQueueRoutes } from "./http/api/run-queue.ts";
import { runNoteRoutes } from "./http/api/run-notes.ts";
import { runStartRoutes } from "./http/api/run-starts.ts";
import { runRoutes } from "./http/api/runs.ts";
import { scheduleRoutes } from "./http/api/schedules.ts";
import { sourceRoutes } from "./http/api/sources.ts";
import { statsRoutes } from "./http/api/stats.ts";
import { statusRoutes } from "./http/api/status.ts";
import type { Configuration } from "./configuration.ts";
import type { DeliveryLimits } from "./alerts/limits.ts";
import type { EngineDependencies } from "./engine/dependencies.ts";
import type { Engine } from "./engine/engine.ts";
import type { LoginParts } from "./http/login/login-parts.ts";
import type { ApiRoutes } from "./http/routes.ts";

export interface ApiParts {
  readonly engineDependencies: EngineDependencies;
  readonly engine: Engine;
  readonly limits: DeliveryLimits;
  readonly startedAtMs: number;
  readonly configuration: Configuration;
  readonly login: LoginParts;
}

/** Everything below `/api/v1`, in the order in which paths are tried. */
export function apiRoutes(parts: ApiParts): ApiRoutes[] {
  const { engineDependencies: dependencies, engine, startedAtMs, configuration } = parts;
  const { store, externalUrl } = dependencies;
  const logs = logDependencies(dependencies);
  const asking = { engineDependencies: dependencies, queue: engine.queue, limits: parts.limits };
  const routes: ApiRoutes[] = [
    runRoutes({ store, engine, engineDependencies: dependencies, externalUrl }),
    runStartRoutes(dependencies, engine.queue),
    runEventRoutes(dependencies),
    runPlanRoutes(dependencies),
    runQueueRoutes(dependencies),
    runLogRoutes(logs),
    runLogSearchRoutes(logs),
    runLogRawRoutes(logs),
    runNoteRoutes(dependencies),
    runFileRoutes(dependencies),
    alertBundleRoutes(dependencies),
    retentionRoutes(dependencies, engine.retention),
    auditRoutes(dependencies),
    alertRoutes(dependencies),
    sourceRoutes(dependencies),
    pauseRoutes(dependencies),
    noticeRoutes(dependencies),
    hostRoutes(dependencies),
    approvalRoutes(dependencies),
    breakerRoutes(dependencies),
    explainRoutes(asking),
    alertReplayRoutes({ ...asking, intake: engine.intake }),
    ruleRoutes(dependencies),
    runbookRoutes(dependencies),
    scheduleRoutes(dependencies, engine.queue),
    statsRoutes(dependencies),
    changeRoutes({ ...dependencies, configurationMark: () => markOf(configuration) }),
    reloadRoutes(configuration.reload),
    meRoutes(parts.login),
    tokenRoutes(parts.login),
    peopleRoutes(parts.login),
    accessRoutes({ login: parts.login.login, dependencies }),
    statusRoutes({ ...dependencies, startedAtMs, configuration: () => configuration.status() }),
  ];
  const operations = () => routes.flatMap((part) => part.all);
  const sessionCookie = parts.login.cookies.sessionName;
  routes.push(openApiRoutes(operations, { version: dependencies.version, externalUrl, sessionCookie }));
  return routes;
}

/** Another one after each load, whether it was taken on or refused. */
function markOf(configuration: Configuration): string {
  const { revision, lastReload } = configuration.status();
  return `${revision} ${lastReload?.atMs ?? 0}`;
}
