import { Button, Group, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { send } from "../../api/client.ts";
import type { RunDetails } from "../../api/types.ts";
import { Empty, ProblemAlert } from "../answer.tsx";
import { Section } from "../page.tsx";
import { say } from "../said.tsx";
import { Time } from "../time.tsx";
import { Words } from "../words.tsx";

/** What people have to say about it: for whoever looks at the alert next time, also in the bundle. */
export function RunNotes({ run }: { readonly run: RunDetails }) {
  return (
    <Section title="Notes" className={run.notes.length === 0 ? "not-printed" : ""}>
      {run.notes.map((note) => (
        <div key={note.id} className="note">
          <div className="dim small">
            <Words text={note.by} />, <Time at={note.at} />
          </div>
          <div className="breaks description">
            <Words text={note.text} />
          </div>
        </div>
      ))}
      {run.permissions.includes("manage_run") ? (
        <NewNote runId={run.id} />
      ) : (
        <Empty>
          {run.notes.length === 0 ? "None yet. " : ""}Responders write notes, and whoever asked for the run.
        </Empty>
      )}
    </Section>
  );
}

function NewNote({ runId }: { readonly runId: string }) {
  const [text, setText] = useState("");
  const client = useQueryClient();
  const add = useMutation({
    mutationFn: () => send("POST", `/runs/${runId}/notes`, { text }),
    onSuccess: () => {
      setText("");
      say("The note is written.");
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["run", runId] }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() !== "") add.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Group align="flex-end">
        <Textarea
          label="Note"
          placeholder="What you found out; it goes into the bundle"
          value={text}
          onChange={({ currentTarget }) => setText(currentTarget.value)}
          autosize
          minRows={1}
          flex={1}
        />
        <Button type="submit" variant="default" loading={add.isPending} disabled={text.trim() === ""}>
          Add
        </Button>
      </Group>
      {add.error === null ? null : <ProblemAlert error={add.error} />}
    </form>
  );
}
