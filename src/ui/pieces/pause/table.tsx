import { Button, Popover, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { send } from "../../api/client.ts";
import type { Pause } from "../../api/types.ts";
import { ProblemAlert } from "../answer.tsx";
import { type Column, DataTable } from "../data-table.tsx";
import { When } from "../time.tsx";
import { Words } from "../words.tsx";
import { scopeInWords } from "./scope-words.ts";

export interface PausesTableProps {
  readonly pauses: readonly Pause[];
  readonly mayEnd: boolean;
}

/** Pauses with what they stop, why, by whom, and how long still. */
export function PausesTable({ pauses, mayEnd }: PausesTableProps) {
  const columns: readonly Column<Pause>[] = [
    {
      title: "Pause",
      cell: ({ name, scope }) => (
        <>
          <strong>{name}</strong>
          <div className="dim">
            stops <Words text={scopeInWords(scope)} />
          </div>
        </>
      ),
    },
    {
      title: "Why",
      cell: ({ reason, principal }) => (
        <>
          <Words text={reason} />
          <div className="dim small">
            <Words text={principal} />
          </div>
        </>
      ),
      isWide: true,
    },
    { title: "Began", cell: ({ created_at: at }) => <When at={at} /> },
    {
      title: "Ends",
      cell: (pause) =>
        pause.removed_at === null ? (
          <When at={pause.until} />
        ) : (
          <>
            <When at={pause.removed_at} />
            <span className="dim small">
              ended by <Words text={pause.removed_by ?? "nobody"} />
            </span>
          </>
        ),
    },
  ];
  const withEnd: Column<Pause> = {
    title: "End",
    cell: (pause) => (pause.active ? <End pause={pause} /> : ""),
  };
  return (
    <DataTable
      label="Pauses"
      items={pauses}
      keyOf={({ id }) => id}
      columns={mayEnd ? [...columns, withEnd] : columns}
    />
  );
}

function End({ pause }: { readonly pause: Pause }) {
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: () => send("DELETE", `/pauses/${encodeURIComponent(pause.name)}`),
    onSettled: async () => {
      await client.invalidateQueries({ queryKey: ["pauses"] });
      await client.invalidateQueries({ queryKey: ["status"] });
    },
  });
  return (
    <Popover trapFocus position="bottom-end" withArrow width={280}>
      <Popover.Target>
        <Button variant="default" size="compact-sm" aria-label={`End ${pause.name}`}>
          End
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs">
          <Text size="sm">What waited for it is looked at again at once, and may start.</Text>
          {end.error === null ? null : <ProblemAlert error={end.error} />}
          <Button size="xs" loading={end.isPending} onClick={() => end.mutate()}>
            End this pause
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
