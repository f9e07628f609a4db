import { Alert, Button, Code, CopyButton, Group, NativeSelect, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { send } from "../api/client.ts";
import type { NewToken as Made } from "../api/types.ts";
import { ProblemAlert } from "./answer.tsx";
import { Section } from "./page.tsx";

const DAY_MS = 86_400_000;
const LASTS = [
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "a year" },
  { value: "", label: "until it is revoked" },
];

/** Makes a token; its secret is shown once. */
export function NewToken() {
  const [name, setName] = useState("");
  const [scope, setScope] = useState("read");
  const [runbook, setRunbook] = useState("");
  const [days, setDays] = useState("90");
  const client = useQueryClient();
  const create = useMutation({
    mutationFn: () =>
      send<Made>("POST", "/tokens", {
        name,
        scopes: [scope === "run" ? `run:${runbook}` : scope],
        expires_at: days === "" ? null : new Date(Date.now() + Number(days) * DAY_MS).toISOString(),
      }),
    onSuccess: () => setName(""),
    onSettled: () => client.invalidateQueries({ queryKey: ["tokens"] }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Section title="New token">
      <form onSubmit={submit}>
        <Group align="flex-end" gap="sm">
          <TextInput
            label="What it is for"
            placeholder="nightly deploy"
            required
            value={name}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
          />
          <NativeSelect
            label="Scope"
            value={scope}
            onChange={({ currentTarget }) => setScope(currentTarget.value)}
            data={[
              { value: "read", label: "read only" },
              { value: "run", label: "run one runbook" },
              { value: "all", label: "everything that you may" },
            ]}
          />
          {scope === "run" ? (
            <TextInput
              label="Runbook"
              placeholder="restart-web"
              required
              value={runbook}
              onChange={({ currentTarget }) => setRunbook(currentTarget.value)}
            />
          ) : null}
          <NativeSelect
            label="Lasts"
            value={days}
            onChange={({ currentTarget }) => setDays(currentTarget.value)}
            data={LASTS}
          />
          <Button type="submit" loading={create.isPending}>
            Make it
          </Button>
        </Group>
      </form>
      <Stack gap="xs" aria-live="polite">
        {create.error === null ? null : <ProblemAlert error={create.error} />}
        {create.data === undefined ? null : <ShownOnce secret={create.data.token} />}
      </Stack>
    </Section>
  );
}

function ShownOnce({ secret }: { readonly secret: string }) {
  return (
    <Alert color="teal" title="Copy it now: it is not shown again">
      <Group gap="sm">
        <Code className="breaks">{secret}</Code>
        <CopyButton value={secret}>
          {({ copied, copy }) => (
            <Button size="compact-xs" variant="default" onClick={copy}>
              {copied ? "Copied" : "Copy"}
            </Button>
          )}
        </CopyButton>
      </Group>
    </Alert>
  );
}
