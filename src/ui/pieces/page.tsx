import { Group, Paper, Stack, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";
import { Link } from "./link.tsx";
import { visibleText } from "./visible-text.ts";

export interface PageProps {
  readonly title: string;
  /** The list that it is one of. */
  readonly of?: {
    readonly to: "/alerts" | "/runs" | "/runbooks" | "/approvals" | "/rules";
    readonly name: string;
  };
  /** What stands in the line of the title: its status. */
  readonly status?: ReactNode;
  /** One line below the title. */
  readonly about?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** A page with its title, in the browser's tab too. */
export function Page({ title, of, status, about, actions, children }: PageProps) {
  const shown = visibleText(title);
  useEffect(() => {
    document.title = `${shown} · Nightshift`;
  }, [shown]);
  return (
    <Stack gap="md" className="page">
      <Group justify="space-between" align="flex-start" gap="sm">
        <div className="page-head">
          {of === undefined ? null : (
            <div className="crumb">
              <Link to={of.to}>{of.name}</Link>
            </div>
          )}
          <Group gap="sm" align="center">
            <Title order={1} size="h2" className="breaks clamped">
              <bdi>{shown}</bdi>
            </Title>
            {status}
          </Group>
          {about === undefined ? null : <div className="about breaks">{about}</div>}
        </div>
        {actions === undefined ? null : (
          <Group gap="xs" className="page-actions">
            {actions}
          </Group>
        )}
      </Group>
      {children}
    </Stack>
  );
}

export interface SectionProps {
  readonly title: string;
  readonly actions?: ReactNode;
  readonly className?: string;
  readonly children: ReactNode;
}

/** One part of a page, set apart from the others. */
export function Section({ title, actions, className = "", children }: SectionProps) {
  return (
    <Paper component="section" withBorder radius="md" className={`section ${className}`}>
      <Group justify="space-between" gap="xs" className="section-head">
        <Title order={2} size="h5">
          {title}
        </Title>
        {actions}
      </Group>
      <Stack gap="sm" className="section-body">
        {children}
      </Stack>
    </Paper>
  );
}
