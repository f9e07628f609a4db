import { Button, Group, Popover, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { send } from "../../api/client.ts";
import type { Rule } from "../../api/types.ts";
import { Empty, ProblemAlert } from "../answer.tsx";
import { Link } from "../link.tsx";
import { useMay } from "../rights.ts";
import { Time } from "../time.tsx";
import { Words } from "../words.tsx";
import { BreakerBadge } from "./breaker-badge.tsx";

/** Whether the breaker of a rule is open, why, and what closes it. */
export function Breaker({ rule }: { readonly rule: Rule }) {
  const { breaker } = rule;
  if (breaker === null)
    return <Empty>It has no breaker: a rule with guards.breaker stops by itself when its runs fail.</Empty>;
  return (
    <>
      <Group gap="sm">
        <BreakerBadge breaker={breaker} />
        {breaker.state === "open" ? (
          <Text size="sm" className="breaks">
            since <Time at={breaker.opened_at} />: <Words text={breaker.because ?? "its runs failed"} />
            {breaker.run === null ? null : (
              <>
                , by{" "}
                <Link to="/runs/$id" params={{ id: breaker.run }}>
                  this run
                </Link>
              </>
            )}
          </Text>
        ) : (
          <Text size="sm">The rule may act.</Text>
        )}
      </Group>
      <Reset rule={rule} />
    </>
  );
}

function Reset({ rule }: { readonly rule: Rule }) {
  const mayReset = useMay("operate");
  const client = useQueryClient();
  const reset = useMutation({
    mutationFn: () => send("POST", `/rules/${encodeURIComponent(rule.name)}/breaker/reset`),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["rule", rule.name] });
      await client.invalidateQueries({ queryKey: ["rules"] });
    },
  });
  if (!mayReset)
    return rule.breaker?.state === "open" ? (
      <Empty>Operators reset it when what made the runs fail is repaired.</Empty>
    ) : null;
  return (
    <>
      <Popover trapFocus position="bottom-start" withArrow width={300}>
        <Popover.Target>
          <Button variant="default" size="xs" w="fit-content">
            Reset the breaker
          </Button>
        </Popover.Target>
        <Popover.Dropdown>
          <Stack gap="xs">
            <Text size="sm">
              The rule acts again at once, and failures before now no longer count. Is what made its runs fail
              repaired?
            </Text>
            <Button size="xs" loading={reset.isPending} onClick={() => reset.mutate()}>
              Reset it now
            </Button>
          </Stack>
        </Popover.Dropdown>
      </Popover>
      {reset.error === null ? null : <ProblemAlert error={reset.error} />}
      {reset.isSuccess ? (
        <Text size="sm" role="status">
          It is reset: failures count anew from now on.
        </Text>
      ) : null}
    </>
  );
}
