import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { runbook, runs } from "../api/queries.ts";
import type { RunbookDetails } from "../api/types.ts";
import { titleOf } from "../pieces/runbook-title.ts";
import { Answer } from "../pieces/answer.tsx";
import { Page, Section } from "../pieces/page.tsx";
import { RunForm } from "../pieces/run-form.tsx";
import { RunsTable } from "../pieces/runs-table.tsx";
import { Printed } from "../pieces/scrolling.tsx";

/** What a runbook is for, the form that starts it, and what became of it before. */
export function RunbookPage() {
  const { name } = useParams({ from: "/runbooks/$name" });
  const query = useQuery(runbook(name));
  return <Answer query={query}>{(data) => <Content runbook={data} />}</Answer>;
}

function Content({ runbook: one }: { readonly runbook: RunbookDetails }) {
  const history = useQuery(runs(`limit=10&runbook=${encodeURIComponent(one.name)}`));
  return (
    <Page title={titleOf(one)}>
      <Text className="breaks description">{one.description}</Text>
      <Section title="Run it">
        <RunForm runbook={one} />
      </Section>
      <Section title="Last runs">
        <Answer query={history}>
          {({ items }) => <RunsTable runs={items} none="It was not run yet." />}
        </Answer>
      </Section>
      {one.source === undefined ? null : (
        <Section title="Source">
          <Printed label="Source" text={one.source} />
        </Section>
      )}
    </Page>
  );
}
