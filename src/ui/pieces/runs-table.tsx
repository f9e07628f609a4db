import type { Run } from "../api/types.ts";
import { Empty } from "./answer.tsx";
import { DataTable } from "./data-table.tsx";
import { Link } from "./link.tsx";
import { StatusBadge } from "./status-badge.tsx";
import { durationText, Time } from "./time.tsx";

export function RunsTable({ runs, none }: { readonly runs: readonly Run[]; readonly none: string }) {
  if (runs.length === 0) return <Empty>{none}</Empty>;
  return (
    <DataTable
      label="Runs"
      items={runs}
      keyOf={(run) => run.id}
      columns={[
        {
          title: "Run",
          cell: (run) => (
            <>
              <Link to="/runs/$id" params={{ id: run.id }}>
                {run.runbook}
              </Link>
              {run.dry_run ? " (dry run)" : ""}
            </>
          ),
        },
        { title: "Status", cell: (run) => <StatusBadge status={run.status} /> },
        {
          title: "Outcome",
          cell: ({ outcome }) => (outcome === null ? "" : <StatusBadge status={outcome} />),
        },
        { title: "Hosts", cell: (run) => run.hosts.join(", ") },
        { title: "Why", cell: (run) => <span className="clipped">{run.cause.title}</span> },
        { title: "Created", cell: (run) => <Time at={run.created_at} /> },
        { title: "Took", cell: (run) => durationText(run.started_at, run.finished_at) },
      ]}
    />
  );
}
