import { Text } from "@mantine/core";
import type { ApprovalDetails } from "../../api/types.ts";
import { Link } from "../link.tsx";
import { Section } from "../page.tsx";
import { StatusBadge } from "../status-badge.tsx";
import { Words } from "../words.tsx";

/** What went wrong, and where to read more of it. */
export function Failure({
  run,
  failure,
}: {
  readonly run: string;
  readonly failure: NonNullable<ApprovalDetails["failure"]>;
}) {
  const { step, host, status, attempts, exit_code: code, message } = failure;
  const facts = [
    host === null ? null : `on ${host}`,
    attempts === 1 ? "1 attempt" : `${attempts} attempts`,
    code === null ? null : `exit code ${code}`,
  ];
  return (
    <Section title={`Step ${step}`}>
      <div>
        <StatusBadge status={status} />{" "}
        <span className="dim small">{facts.filter((fact) => fact !== null).join(", ")}</span>
      </div>
      {message === null ? null : (
        <Text className="breaks">
          <Words text={message} />
        </Text>
      )}
      <div>
        <Link to="/runs/$id" params={{ id: run }} search={{ step }}>
          Read its log
        </Link>
      </div>
    </Section>
  );
}
