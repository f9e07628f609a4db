import type { RunDetails } from "../../api/types.ts";
import { Facts } from "../facts.tsx";
import { Duration, Time } from "../time.tsx";

/** When, by whom, from which plan. */
export function RunFacts({ run: one }: { readonly run: RunDetails }) {
  const { trigger } = one;
  return (
    <Facts
      facts={[
        ["Started by", trigger.principal],
        ["Hosts", one.hosts.join(", ")],
        ["Created", <Time key="created" at={one.created_at} />],
        ["Started", one.started_at === null ? "not yet" : <Time key="started" at={one.started_at} />],
        ["Finished", one.finished_at === null ? "not yet" : <Time key="finished" at={one.finished_at} />],
        [
          "Took",
          one.started_at === null ? null : <Duration key="took" from={one.started_at} to={one.finished_at} />,
        ],
        ["Plan", <Digest key="plan" text={one.plan_digest} />],
        ["Configuration", <Digest key="configuration" text={one.config.digest} />],
        ["Bundle", one.bundle === null ? null : <Digest key="bundle" text={one.bundle.sha256} />],
        ["Pinned", one.pinned === null ? null : `by ${one.pinned.by ?? "the service"}`],
      ]}
    />
  );
}

const SHOWN_CHARS = 16;

/** The beginning is enough to compare by eye; all of it is there to be copied. */
function Digest({ text }: { readonly text: string }) {
  return (
    <code className="digest" title={text}>
      {text.replace(/^sha256:/, "").slice(0, SHOWN_CHARS)}…
    </code>
  );
}
