import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { runbook, runs } from "../api/queries.ts";
import type { RunbookDetails } from "../api/types.ts";
import { Answer } from "../pieces/answer.tsx";
import { AnswerPage } from "../pieces/answer-page.tsx";
import { RunForm } from "../pieces/form/run-form.tsx";
import { Link } from "../pieces/link.tsx";
import { Markdown } from "../pieces/markdown.tsx";
import { Page, Section } from "../pieces/page.tsx";
import { RunbookFacts } from "../pieces/runbook/facts.tsx";
import { Source } from "../pieces/source.tsx";
import { RunbookSteps } from "../pieces/runbook/steps.tsx";
import { titleOf } from "../pieces/runbook-title.ts";
import { RunsTable } from "../pieces/run/table.tsx";
import styles from "./runbook.module.css";

/** What a runbook is for, the form that starts it, and what became of it before. */
export function RunbookPage() {
  const { name } = useParams({ from: "/runbooks/$name" });
  const query = useQuery(runbook(name));
  return (
    <AnswerPage query={query} of={{ to: "/runbooks", name: "Runbooks" }}>
      {(data) => <Content key={data.name} runbook={data} />}
    </AnswerPage>
  );
}

function Content({ runbook: one }: { readonly runbook: RunbookDetails }) {
  const history = useQuery(runs(`limit=10&runbook=${encodeURIComponent(one.name)}`));
  const hasText = one.description !== null && one.description.trim() !== "";
  return (
    <Page of={{ to: "/runbooks", name: "Runbooks" }} title={titleOf(one)}>
      {hasText ? <Markdown text={one.description ?? ""} /> : null}
      <div className={styles["columns"]}>
        <Section title="Run it">
          <RunForm runbook={one} />
        </Section>
        <div className={styles["beside"]}>
          <Section title="Facts">
            <RunbookFacts runbook={one} />
          </Section>
          <Section title="Steps">
            <RunbookSteps runbook={one} />
          </Section>
        </div>
      </div>
      <Section
        title="Last runs"
        actions={
          <Link to="/runs" search={{ runbook: one.name }}>
            all its runs
          </Link>
        }
      >
        <Answer query={history}>
          {({ items }) => <RunsTable runs={items} none="It was not run yet." />}
        </Answer>
      </Section>
      <Section title="Source">
        <div className="dim small breaks">{one.file}</div>
        <Source label="Source" text={one.source} />
      </Section>
    </Page>
  );
}
