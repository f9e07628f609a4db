import { useQuery } from "@tanstack/react-query";
import { alerts } from "../api/queries.ts";
import { AlertsTable } from "../pieces/alerts-table.tsx";
import { Answer } from "../pieces/answer.tsx";
import { Page } from "../pieces/page.tsx";

export function AlertsPage() {
  const query = useQuery(alerts("limit=100"));
  return (
    <Page title="Alerts">
      <Answer query={query}>{({ items }) => <AlertsTable alerts={items} />}</Answer>
    </Page>
  );
}
