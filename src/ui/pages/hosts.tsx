import { useQuery } from "@tanstack/react-query";
import { hosts } from "../api/queries.ts";
import { Answer, Empty } from "../pieces/answer.tsx";
import { DataTable } from "../pieces/data-table.tsx";
import { Page } from "../pieces/page.tsx";
import { Time } from "../pieces/time.tsx";

export function HostsPage() {
  const query = useQuery(hosts());
  return (
    <Page title="Hosts">
      <Answer query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>
              The inventory is empty. Write hosts into hosts.yml, or name a file_sd file of Prometheus.
            </Empty>
          ) : (
            <DataTable
              label="Hosts"
              items={items}
              keyOf={(host) => host.name}
              columns={[
                { title: "Host", cell: (host) => host.name },
                { title: "Address", cell: (host) => host.address ?? "–" },
                {
                  title: "Labels",
                  cell: (host) =>
                    Object.entries(host.labels)
                      .map(([name, value]) => `${name}=${value}`)
                      .join(", "),
                },
                { title: "Automation", cell: (host) => host.automation },
                {
                  title: "On hold",
                  cell: (host) =>
                    host.hold === null ? (
                      "no"
                    ) : (
                      <>
                        until <Time at={host.hold.until} />: {host.hold.reason} ({host.hold.principal})
                      </>
                    ),
                },
              ]}
            />
          )
        }
      </Answer>
    </Page>
  );
}
