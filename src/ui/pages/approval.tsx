import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { approval, run } from "../api/queries.ts";
import type { ApprovalDetails } from "../api/types.ts";
import { Empty } from "../pieces/answer.tsx";
import { AnswerPage } from "../pieces/answer-page.tsx";
import { Banner } from "../pieces/banner.tsx";
import { Countdown } from "../pieces/approval/countdown.tsx";
import { type Answered, Decision } from "../pieces/approval/decision.tsx";
import { Failure } from "../pieces/approval/failure.tsx";
import { Result } from "../pieces/approval/result.tsx";
import { askedText, mayDecideText, reasonText } from "../pieces/approval/words.ts";
import { Facts } from "../pieces/facts.tsx";
import { Focused } from "../pieces/focused.tsx";
import { InputFacts } from "../pieces/input-facts.tsx";
import { Guards } from "../pieces/plan/guards.tsx";
import { PlanSections } from "../pieces/plan/steps.tsx";
import { durationWords } from "../pieces/plan/preview.tsx";
import { Link } from "../pieces/link.tsx";
import { Page, Section } from "../pieces/page.tsx";
import { hostsText } from "../pieces/run/table.tsx";
import { StatusBadge } from "../pieces/status-badge.tsx";
import { Time } from "../pieces/time.tsx";
import { Words } from "../pieces/words.tsx";

/** What somebody is asked, in words, and the answer. */
export function ApprovalPage() {
  const { id } = useParams({ from: "/approvals/$id" });
  const query = useQuery(approval(id));
  return (
    <AnswerPage query={query} of={{ to: "/approvals", name: "Approvals" }}>
      {(data) => <Content key={data.id} approval={data} />}
    </AnswerPage>
  );
}

function Content({ approval: one }: { readonly approval: ApprovalDetails }) {
  const hosts = hostsText(one.hosts);
  const isPending = one.status === "pending";
  const [answered, setAnswered] = useState<Answered | null>(null);
  return (
    <Page
      of={{ to: "/approvals", name: "Approvals" }}
      title={`${one.runbook ?? "A run"}${hosts === "" ? "" : ` on ${hosts}`}`}
      status={<StatusBadge status={one.status} />}
      about={
        <>
          <Words text={askedText(one, hosts)} />
          <Why approval={one} />
        </>
      }
    >
      {isPending ? null : (
        <Focused isWanted={answered !== null}>
          {answered === null || answered.problem === null ? null : <TooLate answered={answered} />}
          <Result approval={one} />
        </Focused>
      )}
      {one.failure === null ? null : <Failure run={one.run} failure={one.failure} />}
      <Section title={one.kind === "start" ? startTitleOf(one) : "The steps of the run"}>
        {one.plan === null ? (
          <Empty>
            This version cannot read the runbook as it was planned. Look at the run before you decide.
          </Empty>
        ) : (
          <>
            <PlanSections plan={one.plan} />
            <Guards guards={one.plan.guards ?? []} stopped="Approved now, it would still have to wait" />
            {one.kind === "start" && isPending ? (
              <div className="small dim">{durationWords(one.plan)}</div>
            ) : null}
          </>
        )}
      </Section>
      {one.plan === null || Object.keys(one.plan.inputs).length === 0 ? null : (
        <Section title="With these inputs">
          <InputFacts runbook={one.plan.runbook} inputs={one.plan.inputs} />
        </Section>
      )}
      {isPending ? (
        <Section title="Your answer">
          <Decision approval={one} onAnswered={setAnswered} />
        </Section>
      ) : null}
      <Section title="Facts">
        <Facts
          facts={[
            ["Asked", one.kind === "start" ? null : one.message],
            ["Asked by", one.requested_by],
            ["Asked at", <Time key="asked" at={one.requested_at} />],
            // Whoever decides has it beside the buttons, counting down.
            [
              "Deadline",
              one.may_decide ? null : isPending ? (
                <Countdown key="left" until={one.deadline} />
              ) : (
                <Time key="deadline" at={one.deadline} />
              ),
            ],
            ["May decide", mayDecideText(one)],
            ["Asked next", one.passes_to],
            ["Yes", `${one.approved} of ${one.count} needed`],
            ["Hosts", one.hosts.length > 3 ? one.hosts.join(", ") : null],
            [
              "Run",
              <Link key="run" to="/runs/$id" params={{ id: one.run }}>
                <StatusBadge status={one.run_status} />
              </Link>,
            ],
          ]}
        />
      </Section>
    </Page>
  );
}

/** What it is for: the alert, which can be looked at before the answer, or what the one who asked has said. */
function Why({ approval: one }: { readonly approval: ApprovalDetails }) {
  const { data, isPending } = useQuery({ ...run(one.run), retry: false });
  // Its line is held free while it is not known.
  const why = one.kind === "start" ? reasonText(one) : (data?.cause.title ?? (isPending ? "…" : null));
  const alert = data?.trigger.alert ?? null;
  if (why === null) return null;
  return (
    <div>
      Why:{" "}
      {alert === null ? (
        <Words text={why} />
      ) : (
        <Link to="/alerts/$id" params={{ id: alert }}>
          <Words text={why} />
        </Link>
      )}
    </div>
  );
}

const NOT_BEGUN: ReadonlySet<ApprovalDetails["status"]> = new Set(["rejected", "expired", "void"]);

/** Whoever comes after the answer reads what it was about. */
function startTitleOf({ status }: ApprovalDetails): string {
  return NOT_BEGUN.has(status) ? "What would have happened" : "What will happen";
}

/** Somebody else was faster: what was written is not lost. */
function TooLate({ answered: { problem, comment } }: { readonly answered: Answered }) {
  return (
    <Banner tone="warning" title="Your answer did not count">
      <Words text={problem?.message ?? ""} />
      {comment === "" ? null : (
        <div>
          What you wrote was not sent: <Words text={comment} />
        </div>
      )}
    </Banner>
  );
}
