import { NavLink } from "@mantine/core";
import {
  ActivityLogIcon,
  BellIcon,
  CalendarIcon,
  CheckCircledIcon,
  DashboardIcon,
  DesktopIcon,
  GearIcon,
  LockClosedIcon,
  MixerHorizontalIcon,
  PlayIcon,
  ReaderIcon,
} from "@radix-ui/react-icons";
import { useQuery } from "@tanstack/react-query";
import { Link as RouterLink } from "@tanstack/react-router";
import { approvals } from "../api/queries.ts";

const PAGES = [
  ["/", "Now", DashboardIcon],
  ["/alerts", "Alerts", BellIcon],
  ["/runs", "Runs", PlayIcon],
  ["/runbooks", "Runbooks", ReaderIcon],
  ["/approvals", "Approvals", CheckCircledIcon],
  ["/rules", "Rules", MixerHorizontalIcon],
  ["/hosts", "Hosts", DesktopIcon],
  ["/schedules", "Schedules", CalendarIcon],
  ["/audit", "Audit", ActivityLogIcon],
  ["/tokens", "Tokens", LockClosedIcon],
  ["/status", "Status", GearIcon],
] as const;

export function Navigation({ pathname }: { readonly pathname: string }) {
  return PAGES.map(([path, name, Icon]) => (
    <NavLink
      key={path}
      component={RouterLink}
      to={path}
      label={name}
      py={6}
      leftSection={<Icon aria-hidden />}
      rightSection={path === "/approvals" ? <PendingCount /> : undefined}
      active={isAt(path, pathname)}
      aria-current={pathname === path ? "page" : undefined}
    />
  ));
}

/** Explain is a part of the rules, at an address of its own. */
function isAt(path: string, pathname: string): boolean {
  if (path === "/rules" && pathname === "/explain") return true;
  return path === "/" ? pathname === "/" : pathname === path || pathname.startsWith(`${path}/`);
}

/** How many questions wait for whoever is logged in. */
function PendingCount() {
  const { data } = useQuery(approvals("status=pending&limit=50"));
  const mine = data?.items.filter((one) => one.may_decide).length ?? 0;
  return mine === 0 ? null : (
    <span className="status status-warning">
      {mine}
      <span className="visually-hidden"> for you</span>
    </span>
  );
}
