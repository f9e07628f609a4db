import { useQuery } from "@tanstack/react-query";
import { approvals } from "../api/queries.ts";
import { Answer } from "../pieces/answer.tsx";
import { ApprovalsList } from "../pieces/approvals-list.tsx";
import { Page } from "../pieces/page.tsx";

export function ApprovalsPage() {
  const query = useQuery(approvals("limit=100"));
  return (
    <Page title="Approvals">
      <Answer query={query}>{({ items }) => <ApprovalsList approvals={items} />}</Answer>
    </Page>
  );
}
