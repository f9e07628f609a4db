import { Button, Group, NativeSelect, Stack, Text, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { ApiError, send } from "../../api/client.ts";
import type { Host } from "../../api/types.ts";
import { ProblemAlert } from "../answer.tsx";
import { Section } from "../page.tsx";
import { say } from "../said.tsx";
import { holdButtonId } from "./table.tsx";

const LENGTHS = [
  ["30m", "30 minutes"],
  ["1h", "1 hour"],
  ["4h", "4 hours"],
  ["1d", "1 day"],
  ["1w", "1 week"],
  ["30d", "30 days"],
] as const;

/** Keeps automation away from a host for a time, or lets it in again. */
export function HoldForm({ host, onClose }: { readonly host: Host; readonly onClose: () => void }) {
  const path = `/hosts/${encodeURIComponent(host.name)}/hold`;
  const [reason, setReason] = useState(host.hold?.reason ?? "");
  const [length, setLength] = useState("4h");
  const client = useQueryClient();
  const field = useRef<HTMLTextAreaElement>(null);
  // It has opened above the list: whoever asked for it goes on here.
  useEffect(() => {
    field.current?.focus();
    // And goes on at the host when it closes.
    return () => document.getElementById(holdButtonId(host.name))?.focus();
  }, [host.name]);
  const settledWith = (sentence: string) => ({
    onSuccess: () => {
      say(sentence);
      onClose();
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["hosts"] }),
  });
  const hold = useMutation({
    mutationFn: () => send("POST", path, { reason, for: length }),
    ...settledWith(`${host.name} is on hold.`),
  });
  const release = useMutation({
    mutationFn: () => send("DELETE", path),
    ...settledWith(`${host.name} is released.`),
  });
  const error = hold.error ?? release.error;
  const atReason =
    error instanceof ApiError
      ? error.errors.find(({ pointer }) => pointer === "/reason")?.message
      : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    hold.mutate();
  };
  return (
    <Section title={host.hold === null ? `Hold ${host.name}` : `The hold on ${host.name}`}>
      <form onSubmit={submit} noValidate>
        <Stack gap="sm" maw={560}>
          <Text size="sm">
            No rule changes it until then. People may still start runs on it, and what runs already goes on.
          </Text>
          <Textarea
            label="Reason"
            description="People will ask"
            required
            value={reason}
            error={atReason}
            onChange={({ currentTarget }) => setReason(currentTarget.value)}
            autosize
            minRows={2}
            ref={field}
          />
          <NativeSelect
            label="For how long, from now on"
            value={length}
            onChange={({ currentTarget }) => setLength(currentTarget.value)}
            data={LENGTHS.map(([value, label]) => ({ value, label }))}
          />
          {error === null || atReason !== undefined ? null : <ProblemAlert error={error} />}
          <Group>
            <Button type="submit" loading={hold.isPending}>
              {host.hold === null ? "Hold it" : "Hold it until then"}
            </Button>
            {host.hold === null ? null : (
              <Button variant="default" loading={release.isPending} onClick={() => release.mutate()}>
                Release it
              </Button>
            )}
            <Button variant="subtle" onClick={onClose}>
              Leave it as it is
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}
