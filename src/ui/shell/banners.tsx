import { Alert } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { ApiError } from "../api/client.ts";
import { useConnection } from "../api/live.ts";
import { pauses, status } from "../api/queries.ts";
import { Words } from "../pieces/words.tsx";
import { Time } from "../pieces/time.tsx";

/** What everybody should know whatever page they look at. */
export function Banners() {
  const { data, error } = useQuery(status());
  const isConnected = useConnection();
  if (!isConnected || (error instanceof ApiError && error.status === 0))
    return (
      <Alert color="red" title="Connection lost" role="status" mb="md">
        What you see may be old. It is tried again every few seconds, and the page catches up by itself.
      </Alert>
    );
  if (data === undefined) return null;
  const reload = data.configuration.last_reload;
  return (
    <>
      {data.pauses_active > 0 ? <Paused /> : null}
      {reload === null || reload.ok ? null : (
        <Alert color="orange" title="The files on disk were refused" role="status" mb="md">
          The earlier configuration stays in use. {countText(reload.problems.length + reload.problems_more)},
          the first: <Words text={reload.problems[0] ?? ""} />
        </Alert>
      )}
      {data.storage.disk.advice === null ? null : (
        <Alert color="red" title="The disk is full" role="status" mb="md">
          {data.storage.disk.advice}
        </Alert>
      )}
    </>
  );
}

function countText(problems: number): string {
  return problems === 1 ? "One problem" : `${problems} problems`;
}

/** The pauses in force: until they end, alerts are told and nothing is done about them. */
function Paused() {
  const { data } = useQuery(pauses());
  const items = data?.items ?? [];
  if (items.length === 0) return null;
  return (
    <Alert color="yellow" title="Automation is paused" role="status" mb="md">
      {items.map(({ id, name, scope, until, reason, principal }) => (
        <div key={id} className="breaks">
          <strong>
            <Words text={name} />
          </strong>{" "}
          ({scope}) until <Time at={until} />: <Words text={reason} /> (<Words text={principal} />)
        </div>
      ))}
    </Alert>
  );
}
