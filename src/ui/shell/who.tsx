import { Button, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { me } from "../api/queries.ts";

/** Who is logged in, with a way out; or that there is no login. */
export function Who() {
  const { data } = useQuery(me());
  if (data === undefined) return null;
  if (data.is_local)
    return (
      <Text size="xs" c="dimmed" ta="right" lh={1.3}>
        No login is configured:
        <br />
        whoever can connect may do everything
      </Text>
    );
  return (
    <Group gap="xs" wrap="nowrap" miw={0}>
      <Text size="sm" truncate>
        {data.name}
        <Text span c="dimmed" size="sm">
          {" "}
          {data.role ?? "no role"}
        </Text>
      </Text>
      {data.via === "session" ? (
        <form method="post" action="/logout">
          <Button type="submit" size="compact-sm" variant="default">
            Log out
          </Button>
        </form>
      ) : null}
    </Group>
  );
}
