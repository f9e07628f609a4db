import type { LastDecision } from "../../api/types.ts";
import { decisionText, statusOfDecision } from "../decision-words.ts";
import { Link } from "../link.tsx";
import { StatusBadge, StatusSign } from "../status-badge.tsx";
import classes from "./decided.module.css";

/** What was done about an alert, at a glance, with a way to its run and its rule. */
export function Decided({ decision }: { readonly decision: LastDecision | null }) {
  if (decision === null) return <span className="dim">nothing yet</span>;
  const { kind, rule, run, runbook, run_status: status } = decision;
  const text = decisionText(decision, runbook);
  return (
    <>
      <StatusSign status={statusOfDecision(kind)} />{" "}
      {run === null ? (
        text
      ) : (
        <Link to="/runs/$id" params={{ id: run }}>
          {text}
        </Link>
      )}
      {/* That it waits for people the words say already. */}
      {status === null || status === kind ? null : (
        <>
          {" "}
          <StatusBadge status={status} />
        </>
      )}
      {rule === null ? null : (
        <div className={`dim small ${classes["rule"]}`}>
          rule <RuleLink name={rule} />
        </div>
      )}
    </>
  );
}

/** The page of a rule; it says so where the rule is gone. */
export function RuleLink({ name }: { readonly name: string }) {
  return (
    <Link to="/rules/$name" params={{ name }}>
      {name}
    </Link>
  );
}
