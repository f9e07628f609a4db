import { Button, Group, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { send } from "../../api/client.ts";
import type { Rule } from "../../api/types.ts";
import { Empty } from "../answer.tsx";
import { AskedTwice } from "../asked-twice.tsx";
import { Link } from "../link.tsx";
import { useMay } from "../rights.ts";
import { say } from "../said.tsx";
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
      say("The breaker is reset: failures count anew from now on.");
      await client.invalidateQueries({ queryKey: ["rule", rule.name] });
      await client.invalidateQueries({ queryKey: ["rules"] });
    },
  });
  if (!mayReset)
    return rule.breaker?.state === "open" ? (
      <Empty>Operators reset it when what made the runs fail is repaired.</Empty>
    ) : null;
  return (
    <AskedTwice
      button={
        <Button variant="default" size="xs" w="fit-content">
          Reset the breaker
        </Button>
      }
      about="The rule acts again at once, and failures before now no longer count. Is what made its runs fail repaired?"
      confirm="Reset it now"
      position="bottom-start"
      mutation={reset}
    />
  );
}
