import type { Approval } from "../../api/types.ts";
import { Empty } from "../answer.tsx";
import { Countdown } from "./countdown.tsx";
import { askedText, endText, mayDecideText } from "./words.ts";
import styles from "./list.module.css";
import { Link } from "../link.tsx";
import { hostsText } from "../run/table.tsx";
import { StatusBadge } from "../status-badge.tsx";
import { Time } from "../time.tsx";
import { Words } from "../words.tsx";

/** What people are asked, a block each, in the order given. */
export function ApprovalsList({
  approvals,
  none = "Nobody is asked for anything.",
}: {
  readonly approvals: readonly Approval[];
  readonly none?: string;
}) {
  if (approvals.length === 0) return <Empty>{none}</Empty>;
  return (
    <ul className={styles["list"]}>
      {approvals.map((approval) => (
        <li key={approval.id}>
          <Question approval={approval} />
        </li>
      ))}
    </ul>
  );
}

function Question({ approval }: { readonly approval: Approval }) {
  const hosts = hostsText(approval.hosts);
  return (
    <>
      <div className={styles["head"]}>
        <Link to="/approvals/$id" params={{ id: approval.id }} className="breaks">
          {approval.runbook ?? "A run"} on {hosts === "" ? "no host" : hosts}
        </Link>
        <StatusBadge status={approval.status} />
      </div>
      <div className="breaks">
        <Words
          text={approval.kind === "start" ? askedText(approval, hosts) : approval.message}
          className="clipped"
        />
      </div>
      <div className="small breaks">
        {approval.status === "pending" ? <Pending approval={approval} /> : <Decided approval={approval} />}
      </div>
    </>
  );
}

function Pending({ approval }: { readonly approval: Approval }) {
  return (
    <>
      <Countdown until={approval.deadline} />
      <span className="dim">
        {approval.may_decide ? " · you may decide" : ` · ${mayDecideText(approval)} may decide`}
        {approval.count > 1 ? ` · ${approval.approved} of ${approval.count} have said yes` : ""}
      </span>
    </>
  );
}

function Decided({ approval }: { readonly approval: Approval }) {
  return (
    <span className="dim">
      {endText(approval)} {approval.decided_by === null ? "" : `By ${approval.decided_by}. `}
      <Time at={approval.decided_at ?? approval.requested_at} />
    </span>
  );
}
