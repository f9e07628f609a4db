import { Text } from "@mantine/core";
import { Link } from "../pieces/link.tsx";
import { Page } from "../pieces/page.tsx";

export function NotFoundPage() {
  return (
    <Page title="There is nothing here">
      <Text>
        The address may be mistyped, or what it led to is no longer kept. <Link to="/">What happens now</Link>
      </Text>
    </Page>
  );
}
