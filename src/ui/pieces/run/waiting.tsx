import { List } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { runQueue } from "../../api/queries.ts";
import type { RunQueue } from "../../api/types.ts";
import { Banner } from "../banner.tsx";
import { counted } from "../counted.ts";
import { reasonWord, whatWouldChange } from "../decision-words.ts";
import { Link } from "../link.tsx";
import { Time } from "../time.tsx";

/** What a queued run waits for, and who has it; nothing for one that begins at any moment. */
export function Waiting({ runId }: { readonly runId: string }) {
  const { data: queue } = useQuery(runQueue(runId));
  if (queue === undefined || !queue.queued) return null;
  const isFull = queue.running >= queue.slots;
  if (queue.reason === null && queue.held_by.length === 0 && !isFull) return null;
  return (
    <Banner tone="quiet" title="It waits for its turn">
      {queue.reason === null ? null : (
        <>
          {reasonWord(queue.reason)}. {whatWouldChange(queue.reason)}{" "}
        </>
      )}
      {isFull ? <Slots queue={queue} /> : null}
      {queue.held_by.length === 0 ? null : (
        <List size="sm" withPadding my={4}>
          {queue.held_by.map((holder) => (
            <List.Item key={`${holder.kind} ${holder.name} ${holder.run?.id ?? ""}`}>
              <Held holder={holder} />
            </List.Item>
          ))}
        </List>
      )}
      {queue.retry_at === null ? null : (
        <>
          Looked at again <Time at={queue.retry_at} />.
        </>
      )}
    </Banner>
  );
}

function Held({ holder: { kind, name, run } }: { readonly holder: RunQueue["held_by"][number] }) {
  const what = `${kind === "rule" || kind === "runbook" ? `a place of ${kind}` : kind} ${name}`;
  if (run === null) return `${what} is taken by a run that you may not see`;
  return (
    <>
      {what} is taken by{" "}
      <Link to="/runs/$id" params={{ id: run.id }}>
        {run.runbook}
      </Link>
      {run.started_at === null ? null : (
        <>
          {" "}
          since <Time at={run.started_at} />
        </>
      )}
    </>
  );
}

function Slots({ queue: { slots, running, ahead } }: { readonly queue: RunQueue }) {
  if (slots === 0) return "This node takes alerts in and runs nothing (limits.max_runs is 0). ";
  return `${counted(running, "run")} at work, as many as there may be (limits.max_runs); ${counted(ahead, "run")} before this one. `;
}
