import { useQuery } from "@tanstack/react-query";
import { status } from "../api/queries.ts";
import { Answer } from "../pieces/answer.tsx";
import { bytesText } from "../pieces/bytes.ts";
import { Facts } from "../pieces/facts.tsx";
import { Page, Section } from "../pieces/page.tsx";
import { Time } from "../pieces/time.tsx";
import { Printed } from "../pieces/scrolling.tsx";

export function StatusPage() {
  const query = useQuery(status());
  return (
    <Page title="Status">
      <Answer query={query}>
        {(data) => (
          <>
            <Facts
              facts={[
                ["Version", data.version],
                ["Node", data.node],
                ["Database", data.database],
                ["Started", <Time key="started" at={data.started_at} />],
                ["Rules", String(data.rules)],
                ["Runbooks", String(data.runbooks)],
                ["Hosts", String(data.hosts)],
                ["Queue", data.queue.depth === 0 ? "empty" : `${data.queue.depth} waiting`],
                ["Pauses", String(data.pauses_active)],
                ["Notices", `${data.notices.pending} pending, ${data.notices.dead} given up`],
                ["Free on disk", bytesText(data.storage.disk.free)],
                ["Archive", bytesText(data.storage.archive.size)],
              ]}
            />
            <Section title="Configuration">
              <Facts
                facts={[
                  ["Revision", String(data.configuration.revision)],
                  ["Digest", data.configuration.digest],
                  ["In use since", <Time key="loaded" at={data.configuration.loaded_at} />],
                  ["Last reload", reloadText(data.configuration.last_reload)],
                ]}
              />
              {data.configuration.last_reload?.problems.map((problem) => (
                <Printed key={problem} label="Problem" text={problem} />
              ))}
            </Section>
          </>
        )}
      </Answer>
    </Page>
  );
}

function reloadText(reload: { readonly ok: boolean } | null): string {
  if (reload === null) return "none since the start";
  return reload.ok ? "taken on" : "refused: the earlier configuration stays in use";
}
