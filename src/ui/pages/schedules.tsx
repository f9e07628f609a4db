import { Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { send } from "../api/client.ts";
import { schedules } from "../api/queries.ts";
import type { Run, Schedule } from "../api/types.ts";
import { Answer, Empty, ProblemAlert } from "../pieces/answer.tsx";
import { type Column, DataTable } from "../pieces/data-table.tsx";
import { valueText } from "../pieces/facts.tsx";
import { Link } from "../pieces/link.tsx";
import { Page, Section } from "../pieces/page.tsx";
import { When } from "../pieces/time.tsx";
import { Words } from "../pieces/words.tsx";

const COLUMNS: readonly Column<Schedule>[] = [
  {
    title: "Schedule",
    cell: ({ name, file, line }) => (
      <>
        <strong>{name}</strong>
        <div className="dim small">
          {file}:{line}
        </div>
      </>
    ),
  },
  {
    title: "Runbook",
    cell: ({ runbook, with: inputs }) => (
      <>
        <Link to="/runbooks/$name" params={{ name: runbook }}>
          {runbook}
        </Link>
        <div className="dim small breaks">
          <Words
            text={Object.entries(inputs)
              .map(([name, value]) => `${name}: ${valueText(value)}`)
              .join(", ")}
          />
        </div>
      </>
    ),
    isWide: true,
  },
  {
    title: "When",
    cell: (schedule) => (
      <>
        <code>{schedule.cron}</code>
        <div className="dim small">{schedule.time_zone}</div>
      </>
    ),
  },
  { title: "Next", cell: (schedule) => <When at={schedule.next_at} /> },
  { title: "Last", cell: (schedule) => <Last schedule={schedule} /> },
];

/** Runbooks that are run at certain times. */
export function SchedulesPage() {
  const query = useQuery(schedules());
  const navigate = useNavigate();
  const start = useMutation({
    mutationFn: (name: string) => send<Run>("POST", `/schedules/${name}/run`, {}),
    onSuccess: ({ id }) => navigate({ to: "/runs/$id", params: { id } }),
  });
  const now: Column<Schedule> = {
    title: "Now",
    cell: ({ name, may_start: mayStart }) =>
      mayStart ? (
        <Button
          size="compact-xs"
          variant="default"
          loading={start.isPending && start.variables === name}
          onClick={() => start.mutate(name)}
          aria-label={`Run ${name} now`}
        >
          Run now
        </Button>
      ) : null,
  };
  return (
    <Page title="Schedules">
      {start.error === null ? null : <ProblemAlert error={start.error} />}
      <Section title="All schedules">
        <Answer query={query}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty>
                Nothing is scheduled. Write schedules into schedules.yml, name the file in the settings, and
                reload.
              </Empty>
            ) : (
              <DataTable
                label="Schedules"
                items={items}
                keyOf={(schedule) => schedule.name}
                columns={items.some((each) => each.may_start) ? [...COLUMNS, now] : COLUMNS}
              />
            )
          }
        </Answer>
      </Section>
    </Page>
  );
}

function Last({ schedule: { last } }: { readonly schedule: Schedule }) {
  if (last === null) return "never";
  const text = last.text ?? last.reason?.replaceAll("_", " ") ?? "";
  return (
    <>
      {last.result}
      {last.run === null ? null : (
        <>
          {": "}
          <Link to="/runs/$id" params={{ id: last.run }}>
            the run
          </Link>
        </>
      )}
      {text === "" ? "" : `: ${text}`} <When at={last.at} />
    </>
  );
}
