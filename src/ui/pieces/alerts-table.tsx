import { Table } from "@mantine/core";
import type { Alert } from "../api/types.ts";
import { Empty } from "./answer.tsx";
import { Link } from "./link.tsx";
import { Scrolling } from "./scrolling.tsx";
import { StatusBadge } from "./status-badge.tsx";
import { Time } from "./time.tsx";

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
    <Scrolling label="Alerts">
      <Table verticalSpacing="xs" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Alert</Table.Th>
            <Table.Th>Status</Table.Th>
            <Table.Th>Outcome</Table.Th>
            <Table.Th>Labels</Table.Th>
            <Table.Th>Received</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {alerts.map((alert) => (
            <Table.Tr key={alert.id}>
              <Table.Td className="breaks">
                <Link to="/alerts/$id" params={{ id: alert.id }} className="clipped">
                  {alertName(alert)}
                </Link>
              </Table.Td>
              <Table.Td>
                <StatusBadge status={alert.status} />
              </Table.Td>
              <Table.Td>{alert.outcome === null ? "" : <StatusBadge status={alert.outcome} />}</Table.Td>
              <Table.Td className="breaks">
                <div className="clipped">{labelsText(alert)}</div>
              </Table.Td>
              <Table.Td>
                <Time at={alert.received_at} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Scrolling>
  );
}

const LABELS_MAX = 6;

function labelsText({ labels }: Alert): string {
  const rest = Object.entries(labels).filter(([name]) => name !== "alertname");
  const shown = rest.slice(0, LABELS_MAX).map(([name, value]) => `${name}=${value}`);
  return [...shown, ...(rest.length > LABELS_MAX ? [`and ${rest.length - LABELS_MAX} more`] : [])].join(", ");
}
