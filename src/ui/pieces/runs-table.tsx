import { Table } from "@mantine/core";
import type { Run } from "../api/types.ts";
import { Empty } from "./answer.tsx";
import { Link } from "./link.tsx";
import { Scrolling } from "./scrolling.tsx";
import { StatusBadge } from "./status-badge.tsx";
import { durationText, Time } from "./time.tsx";

export function RunsTable({ runs, none }: { readonly runs: readonly Run[]; readonly none: string }) {
  if (runs.length === 0) return <Empty>{none}</Empty>;
  return (
    <Scrolling label="Runs">
      <Table verticalSpacing="xs" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Run</Table.Th>
            <Table.Th>Status</Table.Th>
            <Table.Th>Outcome</Table.Th>
            <Table.Th>Hosts</Table.Th>
            <Table.Th>Why</Table.Th>
            <Table.Th>Created</Table.Th>
            <Table.Th>Took</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {runs.map((run) => (
            <Table.Tr key={run.id}>
              <Table.Td>
                <Link to="/runs/$id" params={{ id: run.id }}>
                  {run.runbook}
                </Link>
                {run.dry_run ? " (dry run)" : ""}
              </Table.Td>
              <Table.Td>
                <StatusBadge status={run.status} />
              </Table.Td>
              <Table.Td>{run.outcome === null ? "" : <StatusBadge status={run.outcome} />}</Table.Td>
              <Table.Td className="breaks">{run.hosts.join(", ")}</Table.Td>
              <Table.Td className="breaks clipped">{run.cause.title}</Table.Td>
              <Table.Td>
                <Time at={run.created_at} />
              </Table.Td>
              <Table.Td>{durationText(run.started_at, run.finished_at)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Scrolling>
  );
}
