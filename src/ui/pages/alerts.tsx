import { Group, NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError } from "../api/client.ts";
import { alerts } from "../api/queries.ts";
import { AlertsTable } from "../pieces/alerts-table.tsx";
import { Answer, Empty } from "../pieces/answer.tsx";
import { Page } from "../pieces/page.tsx";

const STATUSES = ["", "firing", "resolved", "ended", "stale"];

/** Alerts, found by their status and by matchers as operators write them in rules. */
export function AlertsPage() {
  const [status, setStatus] = useState("");
  const [text, setText] = useState("");
  const [filter] = useDebouncedValue(text.trim(), 300);
  const parameters = new URLSearchParams({
    limit: "100",
    ...(status === "" ? {} : { status }),
    ...(filter === "" ? {} : { filter }),
  });
  const query = useQuery(alerts(parameters.toString()));
  const isFiltered = status !== "" || filter !== "";
  return (
    <Page title="Alerts">
      <Group align="flex-start">
        <NativeSelect
          label="Status"
          value={status}
          onChange={({ currentTarget }) => setStatus(currentTarget.value)}
          data={STATUSES.map((value) => ({ value, label: value === "" ? "all" : value }))}
        />
        <TextInput
          label="Labels"
          placeholder={'severity="critical", team=~"web|api"'}
          value={text}
          error={query.error instanceof ApiError && query.error.status === 400 ? query.error.message : null}
          onChange={({ currentTarget }) => setText(currentTarget.value)}
          flex={1}
          maw={520}
        />
      </Group>
      {query.error instanceof ApiError && query.error.status === 400 ? null : (
        <Answer query={query}>
          {({ items }) =>
            items.length === 0 && isFiltered ? <Empty>No alert fits.</Empty> : <AlertsTable alerts={items} />
          }
        </Answer>
      )}
    </Page>
  );
}
