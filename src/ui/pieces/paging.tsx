import { Button, Group } from "@mantine/core";
import { ArrowLeftIcon, ArrowRightIcon } from "@radix-ui/react-icons";
import { useAddress } from "../address.ts";

export interface PagingProps {
  readonly next: string | null;
  /** What the ends of the list are called where it is not one of times. */
  readonly first?: string;
  readonly further?: string;
}

/** Between the pages of a list, newest first. The cursor stands in the address: back is the browser's back, or the newest. */
export function Paging({ next, first = "Newest", further = "Older" }: PagingProps) {
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
        {first}
      </Button>
      <Button
        variant="default"
        size="xs"
        rightSection={<ArrowRightIcon aria-hidden />}
        disabled={next === null}
        onClick={() => change({ after: next }, "push")}
      >
        {further}
      </Button>
    </Group>
  );
}
