import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { send } from "../api/client.ts";
import { notices } from "../api/queries.ts";
import type { Notice } from "../api/types.ts";
import { Answer, Empty, ProblemAlert } from "./answer.tsx";
import { DataTable } from "./data-table.tsx";
import { useMay } from "./rights.ts";
import { say } from "./said.tsx";
import { When } from "./time.tsx";
import { Words } from "./words.tsx";

/** What people should have been told and were not, with another try. */
export function Notices({ pending }: { readonly pending: number }) {
  const query = useQuery(notices("status=dead&limit=20"));
  const mayRetry = useMay("operate");
  const client = useQueryClient();
  const retry = useMutation({
    mutationFn: (id: string) => send("POST", `/notices/${id}/retry`),
    onSuccess: () => say("It is sent once more."),
    onSettled: () => client.invalidateQueries({ queryKey: ["notices"] }),
  });
  const again = {
    title: "Again",
    cell: ({ id, title }: Notice) => (
      <Button
        size="compact-xs"
        variant="default"
        onClick={() => retry.mutate(id)}
        aria-label={`Try again: ${title}`}
      >
        Try again
      </Button>
    ),
  };
  return (
    <Answer query={query}>
      {({ items }) =>
        items.length === 0 ? (
          <Empty>{pending === 0 ? "None: everybody was told." : `None; ${pending} are on their way.`}</Empty>
        ) : (
          <>
            {retry.error === null ? null : <ProblemAlert error={retry.error} />}
            <DataTable
              label="Notices"
              items={items}
              keyOf={({ id }) => id}
              columns={[
                { title: "To", cell: ({ notifier }) => notifier },
                {
                  title: "What",
                  cell: ({ title }) => <Words text={title} className="clipped" />,
                  isWide: true,
                },
                { title: "Given up", cell: (notice: Notice) => <When at={notice.given_up_at} /> },
                { title: "Because", cell: ({ error }) => <Words text={error ?? ""} className="clipped" /> },
                ...(mayRetry ? [again] : []),
              ]}
            />
          </>
        )
      }
    </Answer>
  );
}
