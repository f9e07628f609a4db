import type { Alert } from "../../api/types.ts";
import { Decided } from "./decided.tsx";
import { Labels } from "./labels.tsx";
import { Empty } from "../answer.tsx";
import { type Column, DataTable } from "../data-table.tsx";
import { Link } from "../link.tsx";
import { StatusBadge } from "../status-badge.tsx";
import { When } from "../time.tsx";
import { Words } from "../words.tsx";

export function alertName(alert: Pick<Alert, "labels" | "fingerprint">): string {
  const name = alert.labels["alertname"] ?? "";
  return name === "" ? alert.fingerprint : name;
}

/** The others stand on the page of the alert. */
const LABELS_MAX = 5;

export interface AlertsTableProps {
  readonly alerts: readonly Alert[];
  /** The filter of the list of alerts: a click on a label narrows it further. Null on other pages. */
  readonly filter?: string | null;
}

/** Alerts, with what was done about each. */
export function AlertsTable({ alerts, filter = null }: AlertsTableProps) {
  if (alerts.length === 0)
    return (
      <Empty>
        No alert was received yet. Point a receiver of Alertmanager at /webhooks/alertmanager, or a contact
        point of Grafana at /webhooks/grafana.
      </Empty>
    );
  return <DataTable label="Alerts" items={alerts} keyOf={({ id }) => id} columns={columnsWith(filter)} />;
}

function columnsWith(filter: string | null): readonly Column<Alert>[] {
  return [
    {
      title: "Alert",
      cell: (alert) => (
        <>
          <Link to="/alerts/$id" params={{ id: alert.id }}>
            <Words text={alertName(alert)} className="clipped" />
          </Link>
          <Summary alert={alert} />
          <Labels labels={withoutName(alert.labels)} filter={filter} max={LABELS_MAX} />
        </>
      ),
      isWide: true,
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
    { title: "What was done", cell: ({ decision }) => <Decided decision={decision} /> },
    { title: "Received", cell: (alert) => <When at={alert.received_at} /> },
  ];
}

function Summary({ alert: { annotations } }: { readonly alert: Alert }) {
  const summary = annotations["summary"] ?? annotations["description"] ?? "";
  return summary === "" ? null : (
    <span className="dim small">
      <Words text={summary.slice(0, SUMMARY_CHARS_MAX)} className="clipped" />
    </span>
  );
}

const SUMMARY_CHARS_MAX = 300;

function withoutName(labels: Alert["labels"]): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => name !== "alertname"));
}
