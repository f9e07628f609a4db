import { Card, Group, Stack, Text } from "@mantine/core";
import type { Approval } from "../api/types.ts";
import { Empty } from "./answer.tsx";
import { Link } from "./link.tsx";
import { StatusBadge } from "./status-badge.tsx";
import { Time } from "./time.tsx";

export function ApprovalsList({ approvals }: { readonly approvals: readonly Approval[] }) {
  if (approvals.length === 0) return <Empty>Nobody is asked for anything.</Empty>;
  return (
    <Stack gap="sm">
      {approvals.map((approval) => (
        <Card key={approval.id} withBorder padding="sm">
          <Group justify="space-between" align="flex-start">
            <div className="breaks">
              <Link to="/approvals/$id" params={{ id: approval.id }}>
                {approval.runbook ?? "A run"} on {approval.hosts.join(", ") || "no host"}
              </Link>
              <Text size="sm">{approval.message ?? `${approval.requested_by} asks`}</Text>
              <Text size="sm" c="dimmed">
                until <Time at={approval.deadline} />;{" "}
                {approval.may_decide ? "you may decide" : `${approval.may_approve.join(", ")} may decide`}
              </Text>
            </div>
            <StatusBadge status={approval.status} />
          </Group>
        </Card>
      ))}
    </Stack>
  );
}
