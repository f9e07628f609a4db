import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { send } from "../api/client.ts";
import { me, tokens } from "../api/queries.ts";
import type { Token } from "../api/types.ts";
import { Answer, Empty, ProblemAlert } from "../pieces/answer.tsx";
import { type Column, DataTable } from "../pieces/data-table.tsx";
import { NewToken } from "../pieces/new-token.tsx";
import { Page, Section } from "../pieces/page.tsx";
import { say } from "../pieces/said.tsx";
import { When } from "../pieces/time.tsx";
import { Words } from "../pieces/words.tsx";

const COLUMNS: readonly Column<Token>[] = [
  { title: "Token", cell: ({ name }) => <Words text={name} />, isWide: true },
  { title: "User", cell: ({ user }) => user },
  { title: "Scopes", cell: ({ scopes }) => scopes.join(", ") },
  { title: "Made", cell: (token) => <When at={token.created_at} /> },
  { title: "Last used", cell: ({ last_used_at: at }) => (at === null ? "never" : <When at={at} />) },
  { title: "Ends", cell: ({ expires_at: at }) => (at === null ? "never" : <When at={at} />) },
];

/** What programs show to act in somebody's name. */
export function TokensPage() {
  const query = useQuery(tokens());
  const person = useQuery(me());
  const client = useQueryClient();
  const revoke = useMutation({
    mutationFn: (id: string) => send("DELETE", `/tokens/${id}`),
    onSuccess: () => say("The token is revoked."),
    onSettled: () => client.invalidateQueries({ queryKey: ["tokens"] }),
  });
  const end: Column<Token> = {
    title: "Revoke",
    cell: (token) =>
      token.revoked_at !== null ? (
        "revoked"
      ) : (
        <Button
          size="compact-xs"
          color="red"
          variant="light"
          onClick={() => revoke.mutate(token.id)}
          aria-label={`Revoke ${token.name}`}
        >
          Revoke
        </Button>
      ),
  };
  return (
    <Page
      title="Tokens"
      about="A program shows a token to act in your name, and may do no more than its scopes."
    >
      {person.data?.is_local === true ? (
        <Empty>
          A token is of a person, and without a login in the settings there are none: whoever can connect
          needs no token.
        </Empty>
      ) : (
        <NewToken />
      )}
      {revoke.error === null ? null : <ProblemAlert error={revoke.error} />}
      <Section title="All tokens">
        <Answer query={query}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty>
                There is no token yet
                {person.data?.is_local === true
                  ? "."
                  : ". Make one above for a script, a pipeline or the command line."}
              </Empty>
            ) : (
              <DataTable label="Tokens" items={items} keyOf={({ id }) => id} columns={[...COLUMNS, end]} />
            )
          }
        </Answer>
      </Section>
    </Page>
  );
}
