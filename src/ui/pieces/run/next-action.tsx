import { Button, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link as RouterLink } from "@tanstack/react-router";
import { approvals } from "../../api/queries.ts";
import type { Approval, RunDetails } from "../../api/types.ts";
import { Banner } from "../banner.tsx";
import { Link } from "../link.tsx";
import { stepPlace } from "../steps/step-item.tsx";
import { Time } from "../time.tsx";
import { Words } from "../words.tsx";
import { Waiting } from "./waiting.tsx";

/** What a person has to do next, or what the run waits for by itself; nothing while neither is so. */
export function NextAction({ run: one, isOver }: { readonly run: RunDetails; readonly isOver: boolean }) {
  const query = useQuery({
    ...approvals(`run=${one.id}&limit=50`),
    enabled: !isOver,
  });
  if (isOver) return <AfterEnd run={one} />;
  const pending = query.data?.items.filter(({ status }) => status === "pending") ?? [];
  if (pending.length > 0)
    return pending.map((approval) => <Question key={approval.id} approval={approval} />);
  return one.status === "queued" ? <Waiting runId={one.id} /> : null;
}

function Question({ approval }: { readonly approval: Approval }) {
  return (
    <Banner tone="warning" title="It waits for a person">
      <Text size="sm" className="breaks">
        <Words text={approval.message} />
      </Text>
      <Text size="sm" c="dimmed" className="breaks">
        {approval.may_decide ? "You may decide" : `${approval.may_approve.join(", ")} may decide`}, until{" "}
        <Time at={approval.deadline} />.
      </Text>
      <Group mt="xs">
        <Button
          renderRoot={(props) => <RouterLink {...props} to="/approvals/$id" params={{ id: approval.id }} />}
          size="xs"
          variant={approval.may_decide ? "filled" : "default"}
        >
          {approval.may_decide ? "Decide" : "See what is asked"}
        </Button>
      </Group>
    </Banner>
  );
}

/** How it ended, where somebody has to go on from it. */
function AfterEnd({ run }: { readonly run: RunDetails }) {
  const { outcome, status, trigger, failed_step: failed, started_at: startedAt } = run;
  if (trigger.alert !== null && (outcome === "no_effect" || outcome === "worse"))
    return (
      <Banner tone="bad" title="The alert is yours now">
        {outcome === "worse" ? "It became worse after the change." : "The change did not help."} The bundle
        has what was seen before and after.
      </Banner>
    );
  const hasNotEnded = status === "failed" || status === "timed_out" || status === "interrupted";
  if (hasNotEnded && startedAt === null)
    return (
      <Banner tone="bad" title="Nothing was done">
        It ended before its first step. What it was to do is still to be done.
      </Banner>
    );
  if (hasNotEnded)
    return (
      <Banner tone="bad" title="Look at it yourself">
        {failed === null ? (
          "It did not come to its end."
        ) : (
          <>
            Step {failed} did not work; its{" "}
            <Link to="/runs/$id" params={{ id: run.id }} search={{ step: failed }} hash={stepPlace(failed)}>
              log is below
            </Link>
            .
          </>
        )}{" "}
        What was gathered before is in the bundle. What ran already is not undone.
      </Banner>
    );
  return <AfterTidying run={run} />;
}

/** What is done at the end of every run changes nothing about its status: it would stay unseen. */
function AfterTidying({ run: { steps } }: { readonly run: RunDetails }) {
  const failed = steps.filter(
    ({ section, status }) => section === "finally" && (status === "failed" || status === "timed_out"),
  );
  if (failed.length === 0) return null;
  return (
    <Banner tone="warning" title="Not everything was tidied up">
      {failed.map(({ id }) => id).join(", ")} of <code>finally</code> did not work. See in the log what is
      left to do by hand.
    </Banner>
  );
}
