import { Button, Group } from "@mantine/core";
import { ArrowLeftIcon, ArrowRightIcon } from "@radix-ui/react-icons";
import { useAddress } from "../address.ts";

/** Between the pages of a list, newest first. The cursor stands in the address: back is the browser's back, or the newest. */
export function Paging({ next }: { readonly next: string | null }) {
  const [{ after }, change] = useAddress();
  if (after === undefined && next === null) return null;
  return (
    <Group gap="xs" component="nav" aria-label="Pages of the list">
      <Button
        variant="default"
        size="xs"
        leftSection={<ArrowLeftIcon aria-hidden />}
        disabled={after === undefined}
        onClick={() => change({ after: null }, "push")}
      >
        Newest
      </Button>
      <Button
        variant="default"
        size="xs"
        rightSection={<ArrowRightIcon aria-hidden />}
        disabled={next === null}
        onClick={() => change({ after: next }, "push")}
      >
        Older
      </Button>
    </Group>
  );
}
