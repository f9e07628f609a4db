import type { Explanation } from "../../api/types.ts";
import { RuleLink } from "../alert/decided.tsx";
import { decisionText, statusOfDecision, whatWouldChange } from "../decision-words.ts";
import { Facts, valueText } from "../facts.tsx";
import { Link } from "../link.tsx";
import { StatusBadge, StatusSign } from "../status-badge.tsx";
import { Time } from "../time.tsx";
import { Words } from "../words.tsx";
import classes from "./trace.module.css";
import { Verdicts } from "./verdicts.tsx";

/** What would be done with an alert and why: the decision, what would run, and what each rule says. */
export function Trace({ explanation }: { readonly explanation: Explanation }) {
  const { decisions, runs, rules } = explanation;
  return (
    <>
      <div className={classes["part"]}>
        <h3>The decision</h3>
        <ul className={classes["decisions"]}>
          {decisions.map((decision, index) => (
            <Decision key={`${decision.rule ?? ""} ${index}`} decision={decision} runs={runs} />
          ))}
        </ul>
      </div>
      {runs.length === 0 ? null : (
        <div className={classes["part"]}>
          <h3>What would run</h3>
          {runs.map((run) => (
            <Planned key={`${run.rule ?? ""} ${run.runbook}`} run={run} />
          ))}
        </div>
      )}
      <div className={classes["part"]}>
        <h3>What each rule says</h3>
        <Verdicts rules={rules} />
      </div>
    </>
  );
}

type Said = Explanation["decisions"][number];

function Decision({ decision, runs }: { readonly decision: Said } & Pick<Explanation, "runs">) {
  const { kind, rule, reason, detail } = decision;
  const runbook = runs.find((run) => run.rule === rule)?.runbook ?? null;
  const { text, retry_at: retryAt, would_run: wouldRun } = detail;
  const change = whatWouldChange(reason);
  return (
    <li>
      <StatusSign status={statusOfDecision(kind)} />
      <div className="breaks">
        <strong>{wouldText(decision, runbook)}</strong>
        {rule === null ? null : (
          <span className="dim">
            {" "}
            by rule <RuleLink name={rule} />
          </span>
        )}
        {typeof wouldRun === "string" ? <div className="dim">It would have run {wouldRun}.</div> : null}
        {typeof text === "string" ? (
          <div className="dim">
            <Words text={text} />
          </div>
        ) : null}
        {change === null ? null : <div className="dim">{change}</div>}
        {typeof retryAt === "string" ? (
          <div className="dim">
            It would be looked at again <Time at={retryAt} />.
          </div>
        ) : null}
      </div>
    </li>
  );
}

/** The same words as of what was done, for what would be. */
function wouldText(decision: Said, runbook: string | null): string {
  const { kind, rule } = decision;
  const what = runbook ?? "a run";
  switch (kind) {
    case "started":
      return `It would start ${what}`;
    case "queued":
      return `It would queue ${what}`;
    case "waiting_person":
      return `It would ask people about ${what}`;
    case "joined":
      return `It would join ${what}`;
    case "observed":
      return `Rule ${rule ?? ""} would only observe`;
    case "no_match":
      return "No rule would match";
    case "refused":
    case "delayed":
    case "ignored":
      return `It would be ${decisionText(decision)}`;
    case "repeat":
    case "closed":
      return decisionText(decision);
  }
}

function Planned({ run }: { readonly run: Explanation["runs"][number] }) {
  const inputs = Object.entries(run.inputs);
  return (
    <div className={classes["run"]}>
      <Facts
        facts={[
          [
            "Runbook",
            <Link key="runbook" to="/runbooks/$name" params={{ name: run.runbook }}>
              {run.runbook}
            </Link>,
          ],
          ["Hosts", run.hosts.length === 0 ? "none" : run.hosts.join(", ")],
          ...inputs.map(([name, value]) => [name, valueText(value)] as const),
          [
            "Steps",
            <ol key="steps" className="files">
              {run.steps.map(({ id, verb, effect, host }) => (
                <li key={id}>
                  {id} <span className="dim">{verb}</span> <StatusBadge status={effect} />
                  {host === null ? null : <span className="dim"> on {host}</span>}
                </li>
              ))}
            </ol>,
          ],
        ]}
      />
    </div>
  );
}
