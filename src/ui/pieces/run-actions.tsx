import { Button, Group, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { send } from "../api/client.ts";
import type { Run, RunDetails } from "../api/types.ts";
import { ProblemAlert } from "./answer.tsx";
import { Section } from "./page.tsx";
import { Time } from "./time.tsx";

/** Cancel, run again, keep. What somebody may not do is refused by the service with the reason. */
export function RunActions({ run, isOver }: { readonly run: RunDetails; readonly isOver: boolean }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const settled = { onSettled: () => client.invalidateQueries({ queryKey: ["run", run.id] }) };
  const cancel = useMutation({ mutationFn: () => send("POST", `/runs/${run.id}/cancel`), ...settled });
  const pin = useMutation({
    mutationFn: () => send(run.pinned === null ? "POST" : "DELETE", `/runs/${run.id}/pin`),
    ...settled,
  });
  const again = useMutation({
    mutationFn: () => send<Run>("POST", `/runs/${run.id}/rerun`, {}),
    onSuccess: ({ id }) => navigate({ to: "/runs/$id", params: { id } }),
  });
  const error = cancel.error ?? pin.error ?? again.error;
  return (
    <>
      {isOver ? (
        <Button variant="default" loading={again.isPending} onClick={() => again.mutate()}>
          Run again
        </Button>
      ) : (
        <Button color="red" variant="light" loading={cancel.isPending} onClick={() => cancel.mutate()}>
          Cancel
        </Button>
      )}
      <Button variant="default" loading={pin.isPending} onClick={() => pin.mutate()}>
        {run.pinned === null ? "Pin" : "Unpin"}
      </Button>
      {error === null ? null : <ProblemAlert error={error} />}
    </>
  );
}

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
        <p key={note.id} className="breaks">
          {note.by}, <Time at={note.at} />: {note.text}
        </p>
      ))}
      <form onSubmit={submit}>
        <Group align="flex-end">
          <Textarea
            label="Note"
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
