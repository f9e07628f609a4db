import { Button, type MantineColor, Popover, Stack, Text } from "@mantine/core";
import type { UseMutationResult } from "@tanstack/react-query";
import { cloneElement, type ReactElement, type ReactNode, useState } from "react";
import { ProblemAlert } from "./answer.tsx";

export interface AskedTwiceProps {
  /** The button that asks. */
  readonly button: ReactElement<{ onClick?: () => void }>;
  /** What follows, in a sentence. */
  readonly about: ReactNode;
  /** What the button says that does it. */
  readonly confirm: string;
  readonly color?: MantineColor;
  readonly position?: "bottom-start" | "bottom-end";
  readonly mutation: UseMutationResult<unknown, Error, void>;
  /** Other ways to go on. */
  readonly children?: ReactNode;
}

/** Does something once it was asked for twice; closed when it is done, with the focus on the button that asked. */
export function AskedTwice(props: AskedTwiceProps) {
  const { button, about, confirm, color, position = "bottom-end", mutation, children } = props;
  const [isOpen, setIsOpen] = useState(false);
  const close = () => setIsOpen(false);
  return (
    <Popover
      opened={isOpen}
      onChange={setIsOpen}
      trapFocus
      returnFocus
      position={position}
      withArrow
      width={300}
    >
      <Popover.Target>{cloneElement(button, { onClick: () => setIsOpen(!isOpen) })}</Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs">
          <Text size="sm">{about}</Text>
          {mutation.error === null ? null : <ProblemAlert error={mutation.error} />}
          <Button
            {...(color === undefined ? {} : { color })}
            size="xs"
            loading={mutation.isPending}
            onClick={() => mutation.mutate(undefined, { onSuccess: close })}
          >
            {confirm}
          </Button>
          {children}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
