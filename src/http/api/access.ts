import { z } from "zod";
import { explainAccess } from "../../access/explain-access.ts";
import { PRINCIPAL_NAME } from "../../access/principal.ts";
import type { EngineDependencies } from "../../engine/dependencies.ts";
import { findPrincipal } from "../../engine/people.ts";
import { type LoginParts, requireLogin } from "../login/login-parts.ts";
import { notFound } from "../problems.ts";
import { ApiRoutes, may } from "../routes.ts";
import { problemSchema } from "./shapes/common.ts";
import { roleSchema } from "./shapes/words.ts";

const facts = {
  id: "explainAccess",
  summary: "What somebody may do with a runbook, and why",
  query: z.strictObject({ user: z.string(), runbook: z.string() }),
  answers: {
    200: z
      .object({
        user: z.string(),
        role: roleSchema.nullable(),
        groups: z.array(z.string()),
        runbook: z.string(),
        answers: z.array(z.object({ what: z.string(), allowed: z.boolean(), because: z.string() })),
      })
      .meta({ id: "Access" }),
  },
  problems: { 404: problemSchema, 409: problemSchema },
};

type AccessParts = Pick<LoginParts, "login"> & {
  readonly dependencies: Pick<EngineDependencies, "store" | "catalog">;
};

/** Why somebody may or may not do something with a runbook. */
export function accessRoutes(parts: AccessParts): ApiRoutes {
  const { store, catalog } = parts.dependencies;
  const routes = new ApiRoutes("Access");
  routes.get("/access", may("administer"), facts, async (_request, response, { query }) => {
    const login = requireLogin(parts);
    const { user, runbook: name } = query;
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
