import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { send } from "../api/client.ts";
import { status } from "../api/queries.ts";
import type { Status } from "../api/types.ts";
import { Answer, ProblemAlert } from "../pieces/answer.tsx";
import { bytesText } from "../pieces/bytes.ts";
import { counted } from "../pieces/counted.ts";
import { Facts } from "../pieces/facts.tsx";
import { Notices } from "../pieces/notices.tsx";
import { Page, Section } from "../pieces/page.tsx";
import { useMay } from "../pieces/rights.ts";
import { Printed } from "../pieces/scrolling.tsx";
import { say } from "../pieces/said.tsx";
import { Time } from "../pieces/time.tsx";

/** What runs here, with which configuration, and what is stuck. */
export function StatusPage() {
  const query = useQuery(status());
  const mayReload = useMay("administer");
  return (
    <Page title="Status">
      <Answer query={query} lines={12}>
        {(data) => (
          <>
            <Section title="Configuration" actions={mayReload ? <Reload /> : null}>
              <Configuration status={data} />
            </Section>
            <div className="run-top">
              <Section title="Service">
                <Facts
                  facts={[
                    ["Version", data.version],
                    ["Node", data.node],
                    ["Database", data.database],
                    ["Started", <Time key="started" at={data.started_at} />],
                    ["Queue", queueText(data)],
                    ["Pauses", data.pauses_active === 0 ? "none" : String(data.pauses_active)],
                  ]}
                />
              </Section>
              <Section title="Storage">
                <Facts
                  facts={[
                    ["Free on disk", bytesText(data.storage.disk.free)],
                    ["Archive", bytesText(data.storage.archive.size)],
                    [
                      "Running logs",
                      `${bytesText(data.storage.archive.spool)} of ${bytesText(data.storage.archive.spool_max)}`,
                    ],
                    [
                      "Reserve",
                      `${data.storage.ballast.state.replaceAll("_", " ")}, ${bytesText(data.storage.ballast.size)}`,
                    ],
                  ]}
                />
              </Section>
            </div>
            <Section title="Notices that were given up">
              <Notices pending={data.notices.pending} />
            </Section>
          </>
        )}
      </Answer>
    </Page>
  );
}

function queueText({ queue: { depth, oldest_at: oldest } }: Status): React.ReactNode {
  if (depth === 0 || oldest === null) return "empty";
  return (
    <>
      {depth} waiting, the oldest since <Time at={oldest} />
    </>
  );
}

function Configuration({ status: { configuration, ...counts } }: { readonly status: Status }) {
  const { last_reload: reload } = configuration;
  return (
    <>
      <Facts
        facts={[
          ["In use since", <Time key="loaded" at={configuration.loaded_at} />],
          ["Revision", `${configuration.revision}, digest ${configuration.digest}`],
          [
            "It has",
            (["rule", "runbook", "schedule", "host"] as const)
              .map((word) => counted(counts[`${word}s`], word))
              .join(", "),
          ],
          ["Last reload", reload === null ? "none since the start" : <Time key="reload" at={reload.at} />],
          [
            "Result",
            reload === null
              ? null
              : reload.ok
                ? changesText(reload.changed)
                : "refused: the earlier configuration stays in use",
          ],
        ]}
      />
      {reload === null || reload.ok
        ? null
        : reload.problems.map((problem) => <Printed key={problem} label="Problem" text={problem} />)}
    </>
  );
}

type Changes = NonNullable<Status["configuration"]["last_reload"]>["changed"];

/** `rules: 1 added, 2 changed; hosts: 1 removed`. */
function changesText(changes: Changes): string {
  if (changes === null) return "taken on";
  const parts = (["rules", "runbooks", "schedules", "hosts"] as const).flatMap((name) => {
    const { added, removed, changed, more } = changes[name];
    const counts = [
      [added.length, "added"],
      [removed.length, "removed"],
      [changed.length, "changed"],
      [more, "more"],
    ] as const;
    const words = counts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
    return words.length === 0 ? [] : [`${name}: ${words.join(", ")}`];
  });
  if (changes.settings.length > 0) parts.push(`settings: ${changes.settings.join(", ")}`);
  return parts.length === 0 ? "taken on; nothing has changed" : `taken on; ${parts.join("; ")}`;
}

function Reload() {
  const client = useQueryClient();
  const reload = useMutation({
    mutationFn: () => send("POST", "/admin/reload"),
    onSuccess: () => say("The files are taken on."),
    onSettled: () => client.invalidateQueries(),
  });
  return (
    <>
      <Button size="compact-sm" variant="default" loading={reload.isPending} onClick={() => reload.mutate()}>
        Reload the files
      </Button>
      {reload.error === null ? null : <ProblemAlert error={reload.error} />}
    </>
  );
}
