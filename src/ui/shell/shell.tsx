import { AppShell, Burger, Group } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Link as RouterLink, Outlet, useLocation } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useChanges } from "../api/live.ts";
import { Banners, useIsKnown } from "./banners.tsx";
import { ColorScheme } from "./color-scheme.tsx";
import { Navigation } from "./navigation.tsx";
import { Said } from "../pieces/said.tsx";
import { useKeptFocus } from "./kept-focus.ts";
import { usePaper } from "./paper.ts";
import { Who } from "./who.tsx";

/** What stands around every page: the way to the others, who is logged in, and what is wrong with the service. */
export function Shell() {
  const [isOpen, menu] = useDisclosure(false);
  const { pathname } = useLocation();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  const isKnown = useIsKnown();
  useKeptFocus(main);
  usePaper();
  // The page of a run follows its own events.
  useChanges(!/^\/runs\/./.test(pathname));
  // After a change of the page a screen reader begins at its content, not where the old one ended.
  useEffect(() => {
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
    menu.close();
  }, [pathname, menu.close]);
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 196, breakpoint: "sm", collapsed: { mobile: !isOpen } }}
      padding={{ base: "sm", sm: "lg" }}
    >
      <AppShell.Header bg="var(--card)">
        <a href="#content" className="skip-link">
          To the content
        </a>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger
              opened={isOpen}
              onClick={menu.toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label="Menu"
              aria-expanded={isOpen}
            />
            <RouterLink to="/" className="brand">
              <img src="/ui/icon.svg" alt="" width={22} height={22} />
              Nightshift
            </RouterLink>
          </Group>
          <Who />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" bg="var(--card)" aria-label="Pages">
        <AppShell.Section grow>
          <Navigation pathname={pathname} />
        </AppShell.Section>
        <AppShell.Section>
          <ColorScheme />
        </AppShell.Section>
      </AppShell.Navbar>
      <Said />
      <AppShell.Main id="content" ref={main} tabIndex={-1}>
        {/* Loaded at once, and shown when it is known what stands above it: nothing is pushed down later. */}
        <div hidden={!isKnown} className="content">
          <Banners />
          <Outlet />
        </div>
      </AppShell.Main>
    </AppShell>
  );
}
