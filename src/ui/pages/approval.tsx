import { Button, Group, Stack, Text, Textarea } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { send } from "../api/client.ts";
import { approval, run } from "../api/queries.ts";
import type { Approval } from "../api/types.ts";
import { Answer, ProblemAlert } from "../pieces/answer.tsx";
import { Facts, valueText } from "../pieces/facts.tsx";
import { Link } from "../pieces/link.tsx";
import { Page, Section } from "../pieces/page.tsx";
import { StatusBadge } from "../pieces/status-badge.tsx";
import { Time } from "../pieces/time.tsx";

/** What somebody is asked, in words, and the answer. */
export function ApprovalPage() {
  const { id } = useParams({ from: "/approvals/$id" });
  const query = useQuery(approval(id));
  return <Answer query={query}>{(data) => <Content approval={data} />}</Answer>;
}

const LABELS: Readonly<Record<string, { readonly label: string; readonly color: string }>> = {
  approve: { label: "Approve", color: "teal" },
  reject: { label: "Reject", color: "red" },
  retry: { label: "Try the step again", color: "indigo" },
  skip: { label: "Skip the step", color: "orange" },
  stop: { label: "Stop the run", color: "red" },
};

function Content({ approval: one }: { readonly approval: Approval }) {
  const hosts = one.hosts.join(", ") || "no host";
  return (
    <Page title={`${one.runbook ?? "A run"} on ${hosts}`} actions={<StatusBadge status={one.status} />}>
      <Text className="breaks">
        {one.message ?? `${one.requested_by} asks to run ${one.runbook} on ${hosts}`}
      </Text>
      <Facts
        facts={[
          ["Asked by", one.requested_by],
          ["At step", one.step],
          ["Asked", <Time key="asked" at={one.requested_at} />],
          ["Deadline", <Time key="deadline" at={one.deadline} />],
          ["May decide", one.may_approve.join(", ")],
          ["Approved", one.count > 1 ? `${one.approved} of ${one.count}` : null],
          ["Decided by", one.decided_by],
          ["Comment", one.comment],
          [
            "Run",
            <Link key="run" to="/runs/$id" params={{ id: one.run }}>
              see its inputs and steps
            </Link>,
          ],
        ]}
      />
      <Inputs runId={one.run} />
      {one.status === "pending" ? <Decision approval={one} /> : null}
    </Page>
  );
}

function Inputs({ runId }: { readonly runId: string }) {
  const { data } = useQuery(run(runId));
  if (data === undefined || Object.keys(data.inputs).length === 0) return null;
  return (
    <Section title="Inputs">
      <Facts facts={Object.entries(data.inputs).map(([name, value]) => [name, valueText(value)])} />
    </Section>
  );
}

function Decision({ approval: one }: { readonly approval: Approval }) {
  const [comment, setComment] = useState("");
  const client = useQueryClient();
  const decide = useMutation({
    mutationFn: (answer: string) =>
      send("POST", `/approvals/${one.id}/${answer}`, {
        plan_digest: one.plan_digest,
        ...(comment === "" ? {} : { comment }),
      }),
    onSettled: () => client.invalidateQueries(),
  });
  if (!one.may_decide)
    return (
      <Text c="dimmed">You cannot decide this: {one.may_approve.join(", ")} may, and never who asked.</Text>
    );
  return (
    <Stack gap="sm" maw={560}>
      <Textarea
        label="Comment"
        value={comment}
        onChange={({ currentTarget }) => setComment(currentTarget.value)}
        autosize
        minRows={2}
      />
      {decide.error === null ? null : <ProblemAlert error={decide.error} />}
      <Group>
        {one.answers.map((answer) => (
          <Button
            key={answer}
            color={LABELS[answer]?.color ?? "gray"}
            variant={answer === "approve" ? "filled" : "light"}
            loading={decide.isPending}
            onClick={() => decide.mutate(answer)}
          >
            {LABELS[answer]?.label ?? answer}
          </Button>
        ))}
      </Group>
    </Stack>
  );
}
