import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { audit } from "../api/queries.ts";
import { Answer, Empty } from "../pieces/answer.tsx";
import { DataTable } from "../pieces/data-table.tsx";
import { Page } from "../pieces/page.tsx";
import { Time } from "../pieces/time.tsx";

/** Who changed what, newest first. */
export function AuditPage() {
  const query = useQuery(audit());
  return (
    <Page
      title="Audit"
      actions={
        <Button component="a" href="/api/v1/audit/export" variant="default">
          Export (JSON lines)
        </Button>
      }
    >
      <Answer query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>Nobody has changed anything yet.</Empty>
          ) : (
            <DataTable
              label="Audit"
              items={items}
              keyOf={(row) => row.id}
              columns={[
                { title: "When", cell: (row) => <Time at={row.at} /> },
                { title: "Who", cell: (row) => row.principal },
                { title: "What", cell: (row) => row.action },
                { title: "On", cell: (row) => `${row.subject.kind} ${row.subject.id}` },
                {
                  title: "Detail",
                  cell: (row) => <span className="clipped">{JSON.stringify(row.detail)}</span>,
                },
              ]}
            />
          )
        }
      </Answer>
    </Page>
  );
}
