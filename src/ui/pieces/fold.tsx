import { Button, Paper, Stack, Title } from "@mantine/core";
import { ChevronDownIcon, ChevronRightIcon } from "@radix-ui/react-icons";
import { type ReactNode, useId } from "react";
import { useAddress } from "../address.ts";

export interface FoldProps {
  /** Its word in `?open=`: what is opened stands in the address. */
  readonly name: string;
  readonly title: string;
  readonly children: ReactNode;
}

/** A part of a page that is made and loaded when it is opened. */
export function Fold({ name, title, children }: FoldProps) {
  const [isOpen, toggle] = useOpened(name);
  const id = useId();
  return (
    <Paper component="section" withBorder radius="md" className="section">
      <Title order={2} size="h5" className="section-head">
        <Button
          variant="subtle"
          color="gray"
          size="compact-md"
          c="inherit"
          px={0}
          leftSection={isOpen ? <ChevronDownIcon aria-hidden /> : <ChevronRightIcon aria-hidden />}
          aria-expanded={isOpen}
          aria-controls={id}
          onClick={toggle}
        >
          {title}
        </Button>
      </Title>
      <div id={id}>
        {isOpen ? (
          <Stack gap="sm" className="section-body">
            {children}
          </Stack>
        ) : null}
      </div>
    </Paper>
  );
}

/** Whether something is opened by the address, and what opens or closes it. */
export function useOpened(name: string): readonly [boolean, () => void] {
  const [{ open = "" }, change] = useAddress();
  const names = open.split(",").filter((each) => each !== "");
  const isOpen = names.includes(name);
  const toggled = isOpen ? names.filter((each) => each !== name) : [...names, name];
  return [isOpen, () => change({ open: toggled.join(",") })];
}
