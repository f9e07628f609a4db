import { Badge, Card, Group, SimpleGrid, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { runbooks } from "../api/queries.ts";
import type { Runbook } from "../api/types.ts";
import { Answer, Empty } from "../pieces/answer.tsx";
import { Link } from "../pieces/link.tsx";
import { titleOf } from "../pieces/runbook-title.ts";
import { Page } from "../pieces/page.tsx";

/** The catalogue, with a search over everything that names a runbook. */
export function RunbooksPage() {
  const query = useQuery(runbooks());
  const [text, setText] = useState("");
  return (
    <Page title="Runbooks">
      <TextInput
        label="Search"
        placeholder="name, title, tag or owner"
        value={text}
        onChange={({ currentTarget }) => setText(currentTarget.value)}
        maw={420}
      />
      <Answer query={query}>
        {({ items }) => {
          const found = items.filter((one) => matches(one, text));
          if (found.length === 0)
            return (
              <Empty>
                {items.length === 0 ? "There is no runbook that you may see." : "No runbook is called so."}
              </Empty>
            );
          return (
            <SimpleGrid cols={{ base: 1, md: 2 }}>
              {found.map((one) => (
                <Card key={one.name} withBorder padding="md">
                  <Text fw={600} className="breaks">
                    <Link to="/runbooks/$name" params={{ name: one.name }}>
                      {titleOf(one)}
                    </Link>
                  </Text>
                  <Text size="sm" c="dimmed">
                    {one.name}
                    {one.owner === null ? "" : ` · ${one.owner}`}
                  </Text>
                  <Group gap={6} mt="xs">
                    {one.tags.map((tag) => (
                      <Badge key={tag} variant="default" tt="none">
                        {tag}
                      </Badge>
                    ))}
                  </Group>
                </Card>
              ))}
            </SimpleGrid>
          );
        }}
      </Answer>
    </Page>
  );
}

function matches({ name, title, tags, owner }: Runbook, text: string): boolean {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  const all = [name, title ?? "", owner ?? "", ...tags].join(" ").toLowerCase();
  return words.every((word) => all.includes(word));
}
