import type { Access } from "../runbooks/runbook.ts";
import type { EngineDependencies } from "../engine/dependencies.ts";
import { isId } from "../platform/ids.ts";
import type { Trigger } from "../runs/records.ts";
import { readRun } from "../store/runs.ts";
import type { Subject } from "../access/authorize.ts";
import type { Subjects } from "./policing.ts";
import { notFound } from "./problems.ts";

/** What paths are about, from the database and the catalog of this moment. */
export function createSubjects(dependencies: Pick<EngineDependencies, "store" | "catalog">): Subjects {
  return {
    async run(id) {
      const run = isId(id) ? await readRun(dependencies.store.reader, id) : null;
      if (run === null) throw notFound(`there is no run ${id.slice(0, 64)}`);
      return runSubject(dependencies, run);
    },
    runbook(name) {
      const runbook = dependencies.catalog.current().runbooks.get(name);
      if (runbook === undefined) throw notFound(`there is no runbook ${name.slice(0, 64)}`);
      return { kind: "runbook", runbook: name, access: runbook.access };
    },
  };
}

/** What is to be known of a run to say who may see it. */
export interface RunAsked {
  readonly runbook: string;
  readonly trigger: Pick<Trigger, "principal">;
}

/** Who may see a run follows the runbook as it is now, not as it was run. */
export function runSubject(
  { catalog }: Pick<EngineDependencies, "catalog">,
  { runbook, trigger }: RunAsked,
): Extract<Subject, { kind: "run" }> {
  const access: Access | null = catalog.current().runbooks.get(runbook)?.access ?? null;
  return { kind: "run", runbook, access, requestedBy: trigger.principal };
}
