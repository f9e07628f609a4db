import type { RunDetails, Step } from "../../api/types.ts";
import { Link } from "../link.tsx";
import { type PlannedStep, usePlanned } from "../steps/use-planned.ts";
import { Duration, Time } from "../time.tsx";
import { Words } from "../words.tsx";

/** What a step may bring to light; a wait or a word to somebody does not. */
const GATHERS: ReadonlySet<Step["verb"]> = new Set(["run", "command", "collect", "http", "prometheus"]);

/** What happened, in the order in which somebody on call asks: what is it about, who decided, what was seen, what was done, did it help. */
export function Story({ run: one }: { readonly run: RunDetails }) {
  const planned = usePlanned(one.id);
  const listed = (steps: readonly Step[]) => listedBy(steps, planned);
  const seen = one.steps.filter(
    ({ effect, status, verb }) => effect === "read" && status === "succeeded" && GATHERS.has(verb),
  );
  const changes = one.steps.filter(({ effect }) => effect !== "read");
  return (
    <ol className="story">
      {one.trigger.alert === null && one.cause.title === `started by ${one.trigger.principal}` ? null : (
        <Line name={one.trigger.alert === null ? "Reason" : "Alert"}>
          <Cause run={one} />
          {one.trigger.alert === null ? null : (
            <>
              {" "}
              since <Time at={one.cause.started_at} />
            </>
          )}
        </Line>
      )}
      <Line name="Decision">
        <Decided run={one} />
      </Line>
      <Line name="Evidence">
        {seen.length === 0 ? "nothing gathered" + (one.finished_at === null ? " yet" : "") : listed(seen)}
      </Line>
      <Line name="Change">{changesText(changes, one, listed)}</Line>
      <Line name="End">
        <Ended run={one} />
      </Line>
      <Line name="Verified">{verifiedText(one, changes)}</Line>
    </ol>
  );
}

function Line({ name, children }: { readonly name: string; readonly children: React.ReactNode }) {
  return (
    <li>
      <span className="story-name">{name}</span>
      <span className="breaks">{children}</span>
    </li>
  );
}

function Cause({ run: { cause, trigger } }: { readonly run: RunDetails }) {
  const title = <Words text={cause.title} />;
  if (trigger.alert === null) return title;
  return (
    <Link to="/alerts/$id" params={{ id: trigger.alert }}>
      {title}
    </Link>
  );
}

function Decided({ run: { trigger, runbook, dry_run: isDryRun } }: { readonly run: RunDetails }) {
  const what = (
    <>
      {isDryRun ? "a dry run of " : ""}
      <Link to="/runbooks/$name" params={{ name: runbook }}>
        {runbook}
      </Link>
    </>
  );
  if (trigger.rule !== null)
    return (
      <>
        rule <Words text={trigger.rule} /> chose {what}
      </>
    );
  return (
    <>
      <Words text={trigger.principal} /> started {what}
      {trigger.kind === "schedule" ? " by a schedule" : ""}
    </>
  );
}

function Ended({ run: one }: { readonly run: RunDetails }) {
  if (one.status === "queued") return <>it has not begun</>;
  if (one.finished_at === null)
    return one.status === "waiting_person" ? (
      <>it waits for a person</>
    ) : (
      <>
        running for <Duration from={one.started_at} to={null} />
      </>
    );
  const said = one.message === null ? "" : `: ${one.message}`;
  return (
    <>
      {one.status.replaceAll("_", " ")}
      {one.failed_step === null ? "" : ` at step ${one.failed_step}`}
      <Words text={said} />
      {one.started_at === null ? null : (
        <>
          , after <Duration from={one.started_at} to={one.finished_at} />
        </>
      )}
    </>
  );
}

/** Nothing has gone wrong there so far. */
const WELL: ReadonlySet<Step["status"]> = new Set(["pending", "running", "succeeded", "skipped"]);

function changesText(
  changes: readonly Step[],
  { finished_at: end, dry_run: isDryRun }: RunDetails,
  listed: (steps: readonly Step[]) => string,
): string {
  const done = changes.filter(({ status }) => status === "succeeded");
  const running = changes.filter(({ status }) => status === "running");
  const broken = changes.filter(({ status }) => !WELL.has(status));
  if (isDryRun) return "nothing, since it is a dry run";
  if (done.length + running.length + broken.length === 0)
    return end === null ? "nothing yet" : "nothing was changed";
  const parts = [
    done.length === 0 ? "" : listed(done),
    running.length === 0 ? "" : `under way: ${listed(running)}`,
    broken.length === 0 ? "" : `begun and not ended well: ${listed(broken)}`,
  ];
  return parts.filter((part) => part !== "").join("; ");
}

function verifiedText(one: RunDetails, changes: readonly Step[]): string {
  if (one.outcome !== null) return `${one.outcome.replaceAll("_", " ")}: ${one.outcome_because ?? ""}`;
  if (one.trigger.alert === null) return "no alert to look at";
  if (one.finished_at === null) return "when it has ended";
  const hasChanged = changes.some(({ status }) => status === "succeeded");
  return hasChanged && !one.dry_run ? "not known yet: the alert is being watched" : "nothing to verify";
}

const SHOWN = 6;

/** `Restart the web server on web-1, reload`; the first few. */
function listedBy(steps: readonly Step[], planned: ReadonlyMap<string, PlannedStep>): string {
  const names = steps.slice(0, SHOWN).map(({ id, host }) => {
    const name = planned.get(id)?.name ?? id;
    return host === null || host === "local" ? name : `${name} on ${host}`;
  });
  return steps.length > SHOWN ? `${names.join(", ")} and ${steps.length - SHOWN} more` : names.join(", ");
}
