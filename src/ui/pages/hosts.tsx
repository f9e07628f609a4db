import { Group } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { addressFrom, useAddress } from "../address.ts";
import { ApiError } from "../api/client.ts";
import { hosts } from "../api/queries.ts";
import { Answer, Empty } from "../pieces/answer.tsx";
import { FilterField } from "../pieces/filter-field.tsx";
import { HoldForm } from "../pieces/host/hold-form.tsx";
import { HostsTable } from "../pieces/host/table.tsx";
import styles from "../pieces/runbook/search.module.css";
import { Page, Section } from "../pieces/page.tsx";
import { Paging } from "../pieces/paging.tsx";
import { useMay } from "../pieces/rights.ts";

/** The inventory by name: found by words and by labels, held and released. What is searched stands in the address. */
export function HostsPage() {
  const [{ q = "", filter = "", after, hold }, change] = useAddress();
  const mayHold = useMay("operate");
  const query = useQuery({
    ...hosts(addressFrom({ limit: "100", q, filter, after }).slice(1)),
    placeholderData: keepPreviousData,
  });
  const wrong = query.error instanceof ApiError && query.error.status === 400 ? query.error.errors : [];
  const held = mayHold ? query.data?.items.find(({ name }) => name === hold) : undefined;
  const isFiltered = q !== "" || filter !== "";
  return (
    <Page title="Hosts">
      <Group align="flex-end" gap="sm" role="search" aria-label="Filter">
        <div className={styles["search"]}>
          <FilterField
            label="Search"
            placeholder="name, address, label=value"
            value={q}
            onChange={(text) => change({ q: text, after: null })}
          />
        </div>
        <div className={styles["search"]}>
          <FilterField
            label="Labels"
            placeholder={'role="web",env=~"dev|test"'}
            value={filter}
            error={wrong.find(({ pointer }) => pointer === "/filter")?.message ?? null}
            onChange={(text) => change({ filter: text, after: null })}
          />
        </div>
      </Group>
      {held === undefined ? null : (
        <HoldForm key={held.name} host={held} onClose={() => change({ hold: null })} />
      )}
      <Section title={isFiltered ? "Hosts that match" : "All hosts"}>
        <Answer query={query} lines={12}>
          {({ items, next }) => (
            <>
              {items.length > 0 ? (
                <HostsTable
                  hosts={items}
                  onHold={mayHold ? (name) => change({ hold: name }, "push") : null}
                />
              ) : (
                <Empty>
                  {isFiltered
                    ? "No host matches. Take a word away to see more."
                    : "The inventory is empty. Write hosts into hosts.yml, or name a file_sd file of Prometheus."}
                </Empty>
              )}
              <Paging next={next} first="First" further="Further" />
            </>
          )}
        </Answer>
      </Section>
    </Page>
  );
}
