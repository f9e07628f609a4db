import { Group, NativeSelect, Pagination, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { runs } from "../api/queries.ts";
import { Answer } from "../pieces/answer.tsx";
import { Page } from "../pieces/page.tsx";
import { RunsTable } from "../pieces/runs-table.tsx";

const STATUSES = [
  "",
  "queued",
  "waiting_person",
  "running",
  "succeeded",
  "failed",
  "cancelled",
  "timed_out",
  "interrupted",
  "rejected",
];

export function RunsPage() {
  const [status, setStatus] = useState("");
  const [runbook, setRunbook] = useState("");
  // The cursors of the pages before: the API goes forward only.
  const [cursors, setCursors] = useState<readonly string[]>([]);
  const [named] = useDebouncedValue(runbook.trim(), 300);
  const after = cursors.at(-1);
  const parameters = new URLSearchParams({
    limit: "50",
    ...(status === "" ? {} : { status }),
    ...(named === "" ? {} : { runbook: named }),
    ...(after === undefined ? {} : { after }),
  });
  const query = useQuery(runs(parameters.toString()));
  const filter = (change: () => void) => {
    change();
    setCursors([]);
  };
  return (
    <Page title="Runs">
      <Group align="flex-end">
        <NativeSelect
          label="Status"
          value={status}
          onChange={({ currentTarget }) => filter(() => setStatus(currentTarget.value))}
          data={STATUSES.map((value) => ({
            value,
            label: value === "" ? "all" : value.replaceAll("_", " "),
          }))}
        />
        <TextInput
          label="Runbook"
          placeholder="restart-web"
          value={runbook}
          onChange={({ currentTarget }) => filter(() => setRunbook(currentTarget.value))}
        />
      </Group>
      <Answer query={query}>
        {({ items, next }) => (
          <>
            <RunsTable
              runs={items}
              none="No run matches. A rule in mode auto, a schedule or a form of a runbook starts one."
            />
            {cursors.length === 0 && next === null ? null : (
              <Pagination.Root
                total={cursors.length + (next === null ? 1 : 2)}
                value={cursors.length + 1}
                onChange={(page) =>
                  setCursors(
                    page > cursors.length + 1 && next !== null
                      ? [...cursors, next]
                      : cursors.slice(0, page - 1),
                  )
                }
              >
                <Group gap="xs">
                  <Pagination.Previous aria-label="Newer runs" />
                  <Pagination.Items />
                  <Pagination.Next aria-label="Older runs" />
                </Group>
              </Pagination.Root>
            )}
          </>
        )}
      </Answer>
    </Page>
  );
}
