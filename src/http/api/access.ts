import { explainAccess } from "../../access/explain-access.ts";
import { PRINCIPAL_NAME } from "../../access/principal.ts";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { findPrincipal } from "../../engine/people.ts";
import { type LoginParts, requireLogin } from "../login/login-parts.ts";
import { HttpProblem, notFound } from "../problems.ts";
import { may, Routes } from "../routes.ts";

type AccessParts = Pick<LoginParts, "login"> & {
  readonly dependencies: Pick<EngineDependencies, "store" | "catalog">;
};

/** Why somebody may or may not do something with a runbook. */
export function accessRoutes(parts: AccessParts): Routes {
  const { store, catalog } = parts.dependencies;
  const routes = new Routes();
  routes.get("/access", may("administer"), async (request, response) => {
    const login = requireLogin(parts);
    const { user, runbook: name } = request.query;
    if (typeof user !== "string" || typeof name !== "string")
      throw new HttpProblem(400, "Bad request", "ask with ?user=NAME&runbook=NAME");
    const runbook = catalog.current().runbooks.get(name);
    if (runbook === undefined) throw notFound(`there is no runbook ${name.slice(0, 64)}`);
    const principal = PRINCIPAL_NAME.test(user) ? await findPrincipal(store.reader, login, user) : null;
    if (principal === null)
      throw notFound(`nobody is called ${user.slice(0, 64)} here; whoever never came in is not known yet`);
    response.json({
      user: principal.name,
      role: principal.role,
      groups: principal.groups,
      runbook: name,
      answers: explainAccess(principal, name, runbook.access).map(({ what, isAllowed, because }) => ({
        what,
        allowed: isAllowed,
        because,
      })),
    });
  });
  return routes;
}
