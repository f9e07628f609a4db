import { useQuery } from "@tanstack/react-query";
import { schedules } from "../api/queries.ts";
import { Answer, Empty } from "../pieces/answer.tsx";
import { DataTable } from "../pieces/data-table.tsx";
import { Link } from "../pieces/link.tsx";
import { Page } from "../pieces/page.tsx";
import { Time } from "../pieces/time.tsx";

export function SchedulesPage() {
  const query = useQuery(schedules());
  return (
    <Page title="Schedules">
      <Answer query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>Nothing is scheduled. Write schedules.yml, and name it in the settings.</Empty>
          ) : (
            <DataTable
              label="Schedules"
              items={items}
              keyOf={(schedule) => schedule.name}
              columns={[
                { title: "Schedule", cell: (schedule) => schedule.name },
                {
                  title: "Runbook",
                  cell: (schedule) => (
                    <Link to="/runbooks/$name" params={{ name: schedule.runbook }}>
                      {schedule.runbook}
                    </Link>
                  ),
                },
                { title: "When", cell: (schedule) => `${schedule.cron} (${schedule.time_zone})` },
                { title: "Next", cell: (schedule) => <Time at={schedule.next_at} /> },
                {
                  title: "Last",
                  cell: ({ last }) =>
                    last === null ? (
                      "never"
                    ) : (
                      <>
                        <Time at={last.at} />: {last.result}
                        {last.reason === null ? "" : ` (${last.reason})`}{" "}
                        {last.run === null ? null : (
                          <Link to="/runs/$id" params={{ id: last.run }}>
                            the run
                          </Link>
                        )}
                      </>
                    ),
                },
              ]}
            />
          )
        }
      </Answer>
    </Page>
  );
}
