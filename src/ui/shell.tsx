import {
  Alert,
  AppShell,
  Burger,
  Button,
  Group,
  NavLink,
  SegmentedControl,
  Text,
  useMantineColorScheme,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link as RouterLink, Outlet, useLocation } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { approvals, me, status } from "./api/queries.ts";
import { ApiError } from "./api/client.ts";

const PAGES = [
  ["/", "Now"],
  ["/alerts", "Alerts"],
  ["/runs", "Runs"],
  ["/runbooks", "Runbooks"],
  ["/approvals", "Approvals"],
  ["/rules", "Rules"],
  ["/hosts", "Hosts"],
  ["/schedules", "Schedules"],
  ["/audit", "Audit"],
  ["/tokens", "Tokens"],
  ["/status", "Status"],
] as const;

/** What stands around every page: the way to the others, who is logged in, and what is wrong with the service. */
export function Shell() {
  const [isOpen, menu] = useDisclosure(false);
  const { pathname } = useLocation();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  // After a change of the page a screen reader begins at its content, not where the old one ended.
  useEffect(() => {
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
    menu.close();
  }, [pathname, menu.close]);
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 200, breakpoint: "sm", collapsed: { mobile: !isOpen } }}
      padding="md"
    >
      <AppShell.Header>
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
            <Text fw={700} component={RouterLink} to="/" c="inherit" td="none">
              Nightshift
            </Text>
          </Group>
          <Who />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label="Pages">
        <AppShell.Section grow>
          {PAGES.map(([path, name]) => (
            <NavLink
              key={path}
              component={RouterLink}
              to={path}
              label={name}
              rightSection={path === "/approvals" ? <PendingCount /> : undefined}
              active={path === "/" ? pathname === "/" : pathname.startsWith(path)}
              aria-current={pathname === path ? "page" : undefined}
            />
          ))}
        </AppShell.Section>
        <AppShell.Section>
          <ColorScheme />
        </AppShell.Section>
      </AppShell.Navbar>
      <AppShell.Main id="content" ref={main} tabIndex={-1}>
        <Banners />
        <Outlet />
      </AppShell.Main>
    </AppShell>
  );
}

function PendingCount() {
  const { data } = useQuery(approvals("status=pending&limit=50"));
  const mine = data?.items.filter((one) => one.may_decide).length ?? 0;
  return mine === 0 ? null : (
    <Text size="xs" fw={700} aria-label={`${mine} for you`}>
      {mine}
    </Text>
  );
}

function Who() {
  const { data } = useQuery(me());
  if (data === undefined) return null;
  if (data.is_local)
    return (
      <Text size="xs" c="dimmed" visibleFrom="xs">
        no login is configured: whoever can connect may do everything
      </Text>
    );
  return (
    <Group gap="xs" wrap="nowrap">
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

function ColorScheme() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <SegmentedControl
      fullWidth
      size="xs"
      aria-label="Colours"
      value={colorScheme}
      onChange={(value) => setColorScheme(value === "light" || value === "dark" ? value : "auto")}
      data={[
        { value: "light", label: "Light" },
        { value: "auto", label: "Auto" },
        { value: "dark", label: "Dark" },
      ]}
    />
  );
}

/** What everybody should know whatever page they look at. */
function Banners() {
  const { data, error } = useQuery(status());
  if (error instanceof ApiError && error.status === 0)
    return (
      <Alert color="red" title="Connection lost" role="status" mb="md">
        What you see may be old. It is tried again every few seconds.
      </Alert>
    );
  const reload = data?.configuration.last_reload;
  return (
    <>
      {reload === null || reload === undefined || reload.ok ? null : (
        <Alert color="orange" title="The files on disk were refused" role="status" mb="md">
          The earlier configuration stays in use. {reload.problems.length} problems, the first:{" "}
          {reload.problems[0]}
        </Alert>
      )}
      {data?.storage.disk.advice === null || data === undefined ? null : (
        <Alert color="red" title="The disk is full" role="status" mb="md">
          {data.storage.disk.advice}
        </Alert>
      )}
    </>
  );
}
