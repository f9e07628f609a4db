import type { Runbook } from "../../api/types.ts";
import { type Column, DataTable } from "../data-table.tsx";
import { Link } from "../link.tsx";
import { titleOf } from "../runbook-title.ts";
import { StatusBadge } from "../status-badge.tsx";
import { When } from "../time.tsx";
import { Words } from "../words.tsx";
import { endsText, fixedText } from "./ends.ts";
import styles from "./table.module.css";

const COLUMNS: readonly Column<Runbook>[] = [
  {
    title: "Runbook",
    cell: (one) => (
      <>
        <Link to="/runbooks/$name" params={{ name: one.name }}>
          <Words text={titleOf(one)} />
        </Link>
        <div className="dim small">
          {titleOf(one) === one.name ? "" : one.name}
          {one.may_start ? "" : `${titleOf(one) === one.name ? "" : " · "}you may not run it`}
        </div>
      </>
    ),
    isWide: true,
  },
  {
    title: "Tags",
    cell: ({ tags }) => (
      <span className={styles["whole"]}>
        {tags.map((tag, index) => (
          <span key={tag}>
            <span className={styles["tag"]}>
              <Link to="/runbooks" search={{ tag }}>
                {tag}
              </Link>
              {index === tags.length - 1 ? "" : ","}
            </span>{" "}
          </span>
        ))}
      </span>
    ),
  },
  {
    title: "Owner",
    cell: ({ owner }) => (owner === null ? "" : <Words text={owner} className={styles["whole"] ?? ""} />),
  },
  {
    title: "Last run",
    cell: ({ last_run: last }) =>
      last === null ? (
        <span className="dim">none yet</span>
      ) : (
        <span className={styles["last"]}>
          <Link to="/runs/$id" params={{ id: last.id }}>
            <StatusBadge status={last.outcome ?? last.status} />
          </Link>
          <When at={last.finished_at ?? last.created_at} />
        </span>
      ),
  },
  {
    title: "30 days",
    cell: (one) => (
      <div className={styles["whole"]}>
        {endsText(one)}
        <div className="dim small">{fixedText(one)}</div>
      </div>
    ),
  },
];

/** What there is to run, with how it went last. */
export function RunbooksTable({ runbooks }: { readonly runbooks: readonly Runbook[] }) {
  return <DataTable label="Runbooks" items={runbooks} keyOf={({ name }) => name} columns={COLUMNS} />;
}
