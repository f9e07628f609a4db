import type { Run } from "../../api/types.ts";
import { Empty } from "../answer.tsx";
import { type Column, DataTable } from "../data-table.tsx";
import { Link } from "../link.tsx";
import { StatusBadge } from "../status-badge.tsx";
import { Duration, When } from "../time.tsx";
import { Words } from "../words.tsx";

const COLUMNS: readonly Column<Run>[] = [
  {
    title: "Run",
    cell: (run) => (
      <>
        <Link to="/runs/$id" params={{ id: run.id }}>
          {run.runbook}
        </Link>
        {run.dry_run ? <span className="dim"> dry run</span> : null}
      </>
    ),
  },
  {
    title: "Status",
    cell: ({ status, outcome }) => (
      <span className="statuses">
        <StatusBadge status={status} />
        {outcome === null ? null : <StatusBadge status={outcome} />}
      </span>
    ),
  },
  { title: "Hosts", cell: (run) => hostsText(run.hosts) },
  {
    title: "Why",
    cell: ({ cause, trigger }) => (
      <>
        <Words text={cause.title} className="clipped" />
        <span className="dim small">{behindText({ cause, trigger })}</span>
      </>
    ),
    isWide: true,
  },
  { title: "Created", cell: (run) => <When at={run.created_at} /> },
  {
    title: "Took",
    cell: (run) => <Duration from={run.started_at} to={run.finished_at} />,
    align: "end",
  },
];

/** Who or what stands behind it, where the cause does not say so already. */
function behindText({ cause, trigger }: Pick<Run, "cause" | "trigger">): string | null {
  if (trigger.rule !== null) return `rule ${trigger.rule}`;
  return cause.title.includes(trigger.principal) ? null : trigger.principal;
}

const HOSTS_SHOWN = 3;

/** The first few; a run on two hundred hosts says how many. */
export function hostsText(hosts: readonly string[]): string {
  const shown = hosts.slice(0, HOSTS_SHOWN).join(", ");
  return hosts.length > HOSTS_SHOWN ? `${shown} and ${hosts.length - HOSTS_SHOWN} more` : shown;
}

export interface RunsTableProps {
  readonly runs: readonly Run[];
  readonly none: string;
  /** What a screen reader calls it; its own where a page has more than one. */
  readonly label?: string;
}

export function RunsTable({ runs, none, label = "Runs" }: RunsTableProps) {
  if (runs.length === 0) return <Empty>{none}</Empty>;
  return <DataTable label={label} items={runs} keyOf={({ id }) => id} columns={COLUMNS} />;
}
