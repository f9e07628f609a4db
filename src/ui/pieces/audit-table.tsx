import type { AuditRow } from "../api/types.ts";
import { type Column, DataTable } from "./data-table.tsx";
import { Link } from "./link.tsx";
import { When } from "./time.tsx";
import { Words } from "./words.tsx";

const COLUMNS: readonly Column<AuditRow>[] = [
  { title: "When", cell: (row) => <When at={row.at} /> },
  { title: "Who", cell: (row) => <Words text={row.principal} /> },
  { title: "What", cell: (row) => row.action },
  { title: "On", cell: (row) => <Subject row={row} /> },
  {
    title: "Detail",
    cell: (row) => <Words text={detailText(row.detail)} className="clipped" />,
    isWide: true,
  },
  { title: "From", cell: (row) => <From row={row} /> },
];

/** Records of the audit log. */
export function AuditTable({ records }: { readonly records: readonly AuditRow[] }) {
  return <DataTable label="Audit" items={records} keyOf={({ id }) => id} columns={COLUMNS} />;
}

function Subject({ row: { subject } }: { readonly row: AuditRow }) {
  const { kind, id } = subject;
  if (kind === "run")
    return (
      <Link to="/runs/$id" params={{ id }}>
        <span className="number">run {id.slice(-8)}</span>
      </Link>
    );
  if (kind === "alert")
    return (
      <Link to="/alerts/$id" params={{ id }}>
        <span className="number">alert {id.slice(-8)}</span>
      </Link>
    );
  if (kind === "approval")
    return (
      <Link to="/approvals/$id" params={{ id }}>
        <span className="number">approval {id.slice(-8)}</span>
      </Link>
    );
  return <Words text={`${kind} ${id}`} />;
}

const ALERT = /^alert:([0-9a-f-]{36})$/;

/** How somebody came, and from where; the alert of a rule. */
function From({ row: { via, remote_address: address } }: { readonly row: AuditRow }) {
  const [, alert] = ALERT.exec(via ?? "") ?? [];
  if (alert !== undefined)
    return (
      <Link to="/alerts/$id" params={{ id: alert }}>
        <span className="number">alert {alert.slice(-8)}</span>
      </Link>
    );
  return <Words text={[via, address].filter((part) => part !== null).join(", ")} />;
}

/** `reason: new kernels, until: 2026-…`. */
function detailText(detail: Readonly<Record<string, unknown>>): string {
  return Object.entries(detail)
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");
}
