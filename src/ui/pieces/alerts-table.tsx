import type { Alert } from "../api/types.ts";
import { Empty } from "./answer.tsx";
import { DataTable } from "./data-table.tsx";
import { Link } from "./link.tsx";
import { StatusBadge } from "./status-badge.tsx";
import { Time } from "./time.tsx";
import { Words } from "./words.tsx";

export function alertName(alert: Alert): string {
  return alert.labels["alertname"] ?? alert.fingerprint;
}

export function AlertsTable({ alerts }: { readonly alerts: readonly Alert[] }) {
  if (alerts.length === 0)
    return (
      <Empty>
        No alert was received yet. Point a receiver of Alertmanager at /webhooks/alertmanager, or a contact
        point of Grafana at /webhooks/grafana.
      </Empty>
    );
  return (
    <DataTable
      label="Alerts"
      items={alerts}
      keyOf={(alert) => alert.id}
      columns={[
        {
          title: "Alert",
          cell: (alert) => (
            <Link to="/alerts/$id" params={{ id: alert.id }} className="clipped">
              {alertName(alert)}
            </Link>
          ),
        },
        { title: "Status", cell: (alert) => <StatusBadge status={alert.status} /> },
        {
          title: "Outcome",
          cell: ({ outcome }) => (outcome === null ? "" : <StatusBadge status={outcome} />),
        },
        { title: "Labels", cell: (alert) => <Words text={labelsText(alert)} className="clipped" /> },
        { title: "Received", cell: (alert) => <Time at={alert.received_at} /> },
      ]}
    />
  );
}

const LABELS_MAX = 6;

function labelsText({ labels }: Alert): string {
  const rest = Object.entries(labels).filter(([name]) => name !== "alertname");
  const shown = rest.slice(0, LABELS_MAX).map(([name, value]) => `${name}=${value}`);
  return [...shown, ...(rest.length > LABELS_MAX ? [`and ${rest.length - LABELS_MAX} more`] : [])].join(", ");
}
