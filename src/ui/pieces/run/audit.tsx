import { useQuery } from "@tanstack/react-query";
import { runAudit } from "../../api/queries.ts";
import { Empty } from "../answer.tsx";
import { DataTable } from "../data-table.tsx";
import { Section } from "../page.tsx";
import { Time } from "../time.tsx";

/** Who did what to a run. Whoever may not read it sees no list. */
export function RunAudit({ runId }: { readonly runId: string }) {
  const { data } = useQuery(runAudit(runId));
  if (data === undefined) return null;
  return (
    <Section title="Audit">
      {data.items.length === 0 ? (
        <Empty>Nothing was done to it by anybody.</Empty>
      ) : (
        <DataTable
          label="Audit"
          items={data.items}
          keyOf={(row) => row.id}
          columns={[
            { title: "When", cell: (row) => <Time at={row.at} /> },
            { title: "Who", cell: (row) => row.principal },
            { title: "What", cell: (row) => row.action },
          ]}
        />
      )}
    </Section>
  );
}
