import { Alert, Anchor, Button, Group, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { send } from "../../api/client.ts";
import { tryReplay } from "../../api/rule-queries.ts";
import type { AlertDetails } from "../../api/types.ts";
import { Empty, ProblemAlert } from "../answer.tsx";
import { Focused } from "../focused.tsx";
import { Trace } from "../explain/trace.tsx";

/** Delivers the alert once more: first what would happen, then, when somebody wants it so, really. */
export function Replay({ alert }: { readonly alert: AlertDetails }) {
  const client = useQueryClient();
  const dryRun = useMutation({ mutationFn: () => tryReplay(alert.id) });
  const really = useMutation({
    mutationFn: () => send("POST", `/alerts/${alert.id}/replay`),
    onSuccess: () => client.invalidateQueries({ queryKey: ["alert", alert.id] }),
  });
  const isFiring = alert.status === "firing";
  const error = really.error ?? dryRun.error;
  return (
    <>
      <Text size="sm">
        The alert is delivered once more as it was received first.{" "}
        {isFiring
          ? "It still fires, so that this is a repeat: what was begun for it is not begun again."
          : "It is over, so that it opens anew, firing from now on."}
      </Text>
      <Group gap="sm">
        <Button
          variant="default"
          size="xs"
          loading={dryRun.isPending}
          onClick={() => {
            really.reset();
            dryRun.mutate();
          }}
        >
          Try it: what would happen
        </Button>
        {dryRun.data === undefined || really.isSuccess ? null : (
          <Button size="xs" loading={really.isPending} onClick={() => really.mutate()}>
            Replay it really
          </Button>
        )}
      </Group>
      {error === null ? null : <ProblemAlert error={error} />}
      {really.isSuccess ? (
        <Focused isWanted={true}>
          <Alert color="teal" title="Delivered" role="status" variant="light">
            <Anchor href={`/a/${alert.fingerprint}`} underline="always" inherit>
              See what became of it
            </Anchor>
          </Alert>
        </Focused>
      ) : dryRun.data === undefined ? null : dryRun.data === null ? (
        <Empty>Nothing would be done.</Empty>
      ) : (
        <section aria-label="What would happen">
          <Trace explanation={dryRun.data} />
        </section>
      )}
    </>
  );
}
