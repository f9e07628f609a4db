import { Alert, Text } from "@mantine/core";
import type { ApprovalDetails } from "../../api/types.ts";
import { Link } from "../link.tsx";
import { Time } from "../time.tsx";
import { Words } from "../words.tsx";
import { endText } from "./words.ts";

const COLOURS: Readonly<Partial<Record<ApprovalDetails["status"], string>>> = {
  approved: "teal",
  retried: "teal",
  skipped: "gray",
  void: "gray",
};

/** How it was decided, by whom, and what the run does by now. */
export function Result({ approval: one }: { readonly approval: ApprovalDetails }) {
  return (
    <Alert color={COLOURS[one.status] ?? "orange"} title={endText(one)} role="status">
      {one.decided_at === null ? null : (
        <Text size="sm" className="breaks">
          {one.decided_by === null ? "" : `${one.decided_by}, `}
          <Time at={one.decided_at} />
        </Text>
      )}
      {one.said.map(({ by, answer, comment }) => (
        <Text size="sm" key={by} className="breaks">
          {by} said {answer}
          {comment === null ? "" : ": "}
          <Words text={comment ?? ""} />
        </Text>
      ))}
      <Text size="sm" mt={4}>
        The run is {one.run_status.replaceAll("_", " ")}.{" "}
        <Link to="/runs/$id" params={{ id: one.run }}>
          See the run
        </Link>
      </Text>
    </Alert>
  );
}
