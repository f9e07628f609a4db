import { Alert, Button, Code, Group, NativeSelect, Stack, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { send } from "../api/client.ts";
import { tokens } from "../api/queries.ts";
import type { Token } from "../api/types.ts";
import { Answer, Empty, ProblemAlert } from "../pieces/answer.tsx";
import { DataTable } from "../pieces/data-table.tsx";
import { Page, Section } from "../pieces/page.tsx";
import { Time } from "../pieces/time.tsx";

export function TokensPage() {
  const query = useQuery(tokens());
  const client = useQueryClient();
  const revoke = useMutation({
    mutationFn: (id: string) => send("DELETE", `/tokens/${id}`),
    onSettled: () => client.invalidateQueries({ queryKey: ["tokens"] }),
  });
  return (
    <Page title="Tokens">
      <NewToken />
      {revoke.error === null ? null : <ProblemAlert error={revoke.error} />}
      <Answer query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>There is no token yet. A program shows one to act in your name.</Empty>
          ) : (
            <DataTable
              label="Tokens"
              items={items}
              keyOf={(token) => token.id}
              columns={[
                { title: "Token", cell: (token) => token.name },
                { title: "User", cell: (token) => token.user },
                { title: "Scopes", cell: (token) => token.scopes.join(", ") },
                {
                  title: "Last used",
                  cell: (token) => (token.last_used_at === null ? "never" : <Time at={token.last_used_at} />),
                },
                {
                  title: "Ends",
                  cell: (token) => (token.expires_at === null ? "never" : <Time at={token.expires_at} />),
                },
                {
                  title: "Revoke",
                  cell: (token) =>
                    token.revoked_at === null ? (
                      <Button
                        size="compact-sm"
                        color="red"
                        variant="light"
                        onClick={() => revoke.mutate(token.id)}
                        aria-label={`Revoke ${token.name}`}
                      >
                        Revoke
                      </Button>
                    ) : (
                      "revoked"
                    ),
                },
              ]}
            />
          )
        }
      </Answer>
    </Page>
  );
}

function NewToken() {
  const [name, setName] = useState("");
  const [scope, setScope] = useState("read");
  const client = useQueryClient();
  const create = useMutation({
    mutationFn: () => send<Token & { readonly token: string }>("POST", "/tokens", { name, scopes: [scope] }),
    onSettled: () => client.invalidateQueries({ queryKey: ["tokens"] }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Section title="New token">
      <form onSubmit={submit}>
        <Group align="flex-end">
          <TextInput
            label="What it is for"
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
              { value: "all", label: "everything that you may" },
            ]}
          />
          <Button type="submit" loading={create.isPending}>
            Make it
          </Button>
        </Group>
      </form>
      <Stack gap="xs" aria-live="polite">
        {create.error === null ? null : <ProblemAlert error={create.error} />}
        {create.data === undefined ? null : (
          <Alert color="teal" title="Copy it now: it is not shown again">
            <Code className="breaks">{create.data.token}</Code>
          </Alert>
        )}
      </Stack>
    </Section>
  );
}
