import { Button, Popover, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link as RouterLink, useNavigate } from "@tanstack/react-router";
import { send } from "../../api/client.ts";
import type { Run, RunDetails } from "../../api/types.ts";
import { ProblemAlert } from "../answer.tsx";

/** Cancel, run again, keep: what who looks may do with the run. */
export function RunActions({ run, isOver }: { readonly run: RunDetails; readonly isOver: boolean }) {
  const client = useQueryClient();
  const pin = useMutation({
    mutationFn: () => send(run.pinned === null ? "POST" : "DELETE", `/runs/${run.id}/pin`),
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
    onSettled: () => client.invalidateQueries({ queryKey: ["run", run.id] }),
  });
  return (
    <Popover trapFocus position="bottom-end" withArrow width={280}>
      <Popover.Target>
        <Button color="red" variant="light" size="xs">
          Cancel
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs">
          <Text size="sm">The step under way is stopped. What has been changed stays so.</Text>
          {cancel.error === null ? null : <ProblemAlert error={cancel.error} />}
          <Button color="red" size="xs" loading={cancel.isPending} onClick={() => cancel.mutate()}>
            Cancel this run
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

function RunAgain({ run }: { readonly run: RunDetails }) {
  const navigate = useNavigate();
  const again = useMutation({
    mutationFn: () => send<Run>("POST", `/runs/${run.id}/rerun`, {}),
    onSuccess: ({ id }) => navigate({ to: "/runs/$id", params: { id } }),
  });
  return (
    <Popover trapFocus position="bottom-end" withArrow width={300}>
      <Popover.Target>
        <Button variant="default" size="xs">
          Run again
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs">
          <Text size="sm">
            A new run in your name: the runbook as it is now, with the inputs of this run
            {run.hosts.length === 0
              ? ""
              : `, on ${run.hosts.length === 1 ? run.hosts[0] : `${run.hosts.length} hosts`}`}
            .
          </Text>
          {again.error === null ? null : <ProblemAlert error={again.error} />}
          <Button size="xs" loading={again.isPending} onClick={() => again.mutate()}>
            Run it again
          </Button>
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
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
