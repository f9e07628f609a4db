import { Button } from "@mantine/core";
import type { Host } from "../../api/types.ts";
import { type Column, DataTable } from "../data-table.tsx";
import { Link } from "../link.tsx";
import { StatusBadge } from "../status-badge.tsx";
import { Time } from "../time.tsx";
import { Words } from "../words.tsx";

const COLUMNS: readonly Column<Host>[] = [
  {
    title: "Host",
    cell: ({ name, address }) => (
      <>
        <strong>
          <Words text={name} />
        </strong>
        <div className="dim small">{address === null ? "this machine" : <Words text={address} />}</div>
      </>
    ),
  },
  {
    title: "Labels",
    cell: ({ labels }) => (
      <Words
        text={Object.entries(labels)
          .map(([name, value]) => `${name}=${value}`)
          .join(", ")}
      />
    ),
    isWide: true,
  },
  {
    title: "Automation",
    cell: ({ automation, hold }) =>
      hold === null ? (
        automation === "off" ? (
          "off, by the inventory"
        ) : (
          "on"
        )
      ) : (
        <>
          <StatusBadge status="on_hold" />
          <div className="small">
            <Words text={hold.reason} />
          </div>
          <div className="dim small">
            <Words text={hold.principal} />, until <Time at={hold.until} />
          </div>
        </>
      ),
  },
  {
    title: "Runs",
    cell: ({ name }) => (
      <Link to="/runs" search={{ host: name }}>
        last runs<span className="visually-hidden"> on {name}</span>
      </Link>
    ),
  },
];

/** Hosts with their labels, and the way to keep automation away from one; `onHold` is null for who may not. */
export function HostsTable({
  hosts,
  onHold,
}: {
  readonly hosts: readonly Host[];
  readonly onHold: ((name: string) => void) | null;
}) {
  const columns = onHold === null ? COLUMNS : [...COLUMNS, holdColumn(onHold)];
  return <DataTable label="Hosts" items={hosts} keyOf={({ name }) => name} columns={columns} />;
}

/** Where whoever has held a host, or not, goes on. */
export function holdButtonId(host: string): string {
  return `hold-${host}`;
}

function holdColumn(open: (name: string) => void): Column<Host> {
  return {
    title: "Hold",
    cell: ({ name, hold }) => (
      <Button id={holdButtonId(name)} size="compact-sm" variant="default" onClick={() => open(name)}>
        {hold === null ? "Hold" : "Release or change"}
        <span className="visually-hidden"> {name}</span>
      </Button>
    ),
  };
}
