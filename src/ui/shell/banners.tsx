import { useQuery } from "@tanstack/react-query";
import { ApiError } from "../api/client.ts";
import { useConnection } from "../api/live.ts";
import { me, pauses, status } from "../api/queries.ts";
import { Banner } from "../pieces/banner.tsx";
import { counted } from "../pieces/counted.ts";
import { Link } from "../pieces/link.tsx";
import { Time } from "../pieces/time.tsx";
import { Words } from "../pieces/words.tsx";

/** Whether it is known which banners there are, and what whoever looks may do. */
export function useIsKnown(): boolean {
  const [service, person] = [useQuery(status()), useQuery(me())];
  const hasPauses = (service.data?.pauses_active ?? 0) > 0;
  const paused = useQuery({ ...pauses(), enabled: hasPauses });
  return service.isFetched && person.isFetched && (!hasPauses || paused.isFetched);
}

/** What everybody should know whatever page they look at. */
export function Banners() {
  const { data, error } = useQuery(status());
  const isConnected = useConnection();
  if (!isConnected || (error instanceof ApiError && error.status === 0))
    return (
      <div className="banners">
        <Banner tone="bad" title="Connection lost">
          What you see may be old. It is tried again every few seconds, and the page catches up by itself.
        </Banner>
      </div>
    );
  if (data === undefined) return <NoRole />;
  const reload = data.configuration.last_reload;
  return (
    <div className="banners">
      {data.pauses_active > 0 ? <Paused /> : null}
      {reload === null || reload.ok ? null : (
        <Banner tone="warning" title="The files on disk were refused">
          The earlier configuration stays in use.{" "}
          {counted(reload.problems.length + reload.problems_more, "problem")}, the first:{" "}
          <Words text={reload.problems[0] ?? ""} /> <Link to="/status">All of them</Link>
        </Banner>
      )}
      {data.storage.disk.advice === null ? null : (
        <Banner tone="bad" title="The disk is full">
          {data.storage.disk.advice}
        </Banner>
      )}
    </div>
  );
}

const EVERYTHING = "all";
const PAUSES_SHOWN = 3;

/** The pauses in force: until they end, alerts are told and nothing is done about them. */
function Paused() {
  const { data } = useQuery(pauses());
  const items = data?.items ?? [];
  if (items.length === 0) return null;
  const isAll = items.some(({ scope }) => scope === EVERYTHING);
  return (
    <Banner tone="warning" title={isAll ? "Automation is paused" : "A part of automation is paused"}>
      {items.slice(0, PAUSES_SHOWN).map(({ id, name, scope, until, reason, principal }) => (
        <div key={id}>
          <Words text={name} />
          {scope === EVERYTHING ? "" : `, for ${scope.replace(":", " ")}`}, until <Time at={until} />:{" "}
          <Words text={reason} /> (<Words text={principal} />)
        </div>
      ))}
      <Link to="/pauses">
        {items.length > PAUSES_SHOWN ? `and ${items.length - PAUSES_SHOWN} more pauses` : "All pauses"}
      </Link>
    </Banner>
  );
}

/** Lists are empty, or refused, for whoever has no role: why, and who changes it. */
function NoRole() {
  const { data } = useQuery(me());
  if (data === undefined || data.is_local || data.role !== null) return null;
  return (
    <div className="banners">
      <Banner tone="quiet" title="You have no role">
        You see only what runbooks name you for: those that you may run or approve, and their runs. An
        administrator gives roles in <code>login.roles</code> of the settings.
      </Banner>
    </div>
  );
}
