import { useQuery } from "@tanstack/react-query";
import { runAudit } from "../../api/queries.ts";
import { Empty } from "../answer.tsx";
import { AuditTable } from "../audit-table.tsx";
import { Section } from "../page.tsx";

/** Who did what to a run. Whoever may not read it sees no list. */
export function RunAudit({ runId }: { readonly runId: string }) {
  const { data } = useQuery(runAudit(runId));
  if (data === undefined) return null;
  return (
    <Section title="Audit">
      {data.items.length === 0 ? (
        <Empty>Nothing was done to it by anybody.</Empty>
      ) : (
        <AuditTable records={data.items} />
      )}
    </Section>
  );
}
