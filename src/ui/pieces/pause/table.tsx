import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { send } from "../../api/client.ts";
import type { Pause } from "../../api/types.ts";
import { AskedTwice } from "../asked-twice.tsx";
import { type Column, DataTable } from "../data-table.tsx";
import { say } from "../said.tsx";
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
    onSuccess: () => say(`The pause ${pause.name} is over.`),
    onSettled: async () => {
      await client.invalidateQueries({ queryKey: ["pauses"] });
      await client.invalidateQueries({ queryKey: ["status"] });
    },
  });
  return (
    <AskedTwice
      button={
        <Button variant="default" size="compact-sm" aria-label={`End ${pause.name}`}>
          End
        </Button>
      }
      about="What waited for it is looked at again at once, and may start."
      confirm="End this pause"
      mutation={end}
    />
  );
}
