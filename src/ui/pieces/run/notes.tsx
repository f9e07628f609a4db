import { Button, Group, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { send } from "../../api/client.ts";
import type { RunDetails } from "../../api/types.ts";
import { ProblemAlert } from "../answer.tsx";
import { Section } from "../page.tsx";
import { Time } from "../time.tsx";
import { Words } from "../words.tsx";

/** What people have to say about it: for whoever looks at the alert next time, also in the bundle. */
export function RunNotes({ run }: { readonly run: RunDetails }) {
  const [text, setText] = useState("");
  const client = useQueryClient();
  const add = useMutation({
    mutationFn: () => send("POST", `/runs/${run.id}/notes`, { text }),
    onSuccess: () => setText(""),
    onSettled: () => client.invalidateQueries({ queryKey: ["run", run.id] }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() !== "") add.mutate();
  };
  return (
    <Section title="Notes">
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
    </Section>
  );
}
