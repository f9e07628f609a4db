import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link as RouterLink, useNavigate } from "@tanstack/react-router";
import { send } from "../../api/client.ts";
import type { Run, RunDetails } from "../../api/types.ts";
import { ProblemAlert } from "../answer.tsx";
import { AskedTwice } from "../asked-twice.tsx";
import { say } from "../said.tsx";

/** Cancel, run again, keep: what who looks may do with the run. */
export function RunActions({ run, isOver }: { readonly run: RunDetails; readonly isOver: boolean }) {
  const client = useQueryClient();
  const pin = useMutation({
    mutationFn: () => send(run.pinned === null ? "POST" : "DELETE", `/runs/${run.id}/pin`),
    onSuccess: () =>
      say(run.pinned === null ? "It is pinned: it and its files are kept." : "It is no longer pinned."),
    onSettled: () => client.invalidateQueries({ queryKey: ["run", run.id] }),
  });
  const mayManage = run.permissions.includes("manage_run");
  return (
    <>
      {isOver && run.permissions.includes("start") ? <RunAgain run={run} /> : null}
      {!isOver && mayManage ? <Cancel run={run} /> : null}
      {mayManage ? (
        <Button
          variant="default"
          size="xs"
          loading={pin.isPending}
          onClick={() => pin.mutate()}
          title={
            run.pinned === null
              ? "Keep it and its files beyond their time"
              : "Let it go when its time has come"
          }
        >
          {run.pinned === null ? "Pin" : "Unpin"}
        </Button>
      ) : null}
      {pin.error === null ? null : <ProblemAlert error={pin.error} />}
    </>
  );
}

/** Asked for twice: what a step has changed already is not undone. */
function Cancel({ run }: { readonly run: RunDetails }) {
  const client = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => send("POST", `/runs/${run.id}/cancel`),
    onSuccess: () => say("The run is being cancelled."),
    onSettled: () => client.invalidateQueries({ queryKey: ["run", run.id] }),
  });
  if (cancel.isSuccess)
    return (
      <Button color="red" variant="light" size="xs" data-disabled aria-disabled={true}>
        Cancelling
      </Button>
    );
  return (
    <AskedTwice
      button={
        <Button color="red" variant="light" size="xs">
          Cancel
        </Button>
      }
      about={
        run.started_at === null
          ? "It does not begin."
          : "The step under way is stopped. What has been changed stays so."
      }
      confirm="Cancel this run"
      color="red"
      mutation={cancel}
    />
  );
}

function RunAgain({ run }: { readonly run: RunDetails }) {
  const navigate = useNavigate();
  const again = useMutation({
    mutationFn: () => send<Run>("POST", `/runs/${run.id}/rerun`, {}),
    onSuccess: ({ id }) => navigate({ to: "/runs/$id", params: { id } }),
  });
  const where = run.hosts.length === 1 ? run.hosts[0] : `${run.hosts.length} hosts`;
  return (
    <AskedTwice
      button={
        <Button variant="default" size="xs">
          Run again
        </Button>
      }
      about={`A new run in your name: the runbook as it is now, with the inputs of this run${run.hosts.length === 0 ? "" : `, on ${where}`}.`}
      confirm="Run it again"
      mutation={again}
    >
      <Button
        renderRoot={(props) => (
          <RouterLink
            {...props}
            to="/runbooks/$name"
            params={{ name: run.runbook }}
            search={{ from: run.id }}
          />
        )}
        size="xs"
        variant="default"
      >
        Change the inputs first
      </Button>
    </AskedTwice>
  );
}
