import { NativeSelect } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { OUTCOME_WORDS, RUN_STATUS_WORDS, TRIGGER_KIND_WORDS } from "../api/generated.ts";
import { runs } from "../api/queries.ts";
import { addressFrom, useAddress } from "../address.ts";
import { Answer } from "../pieces/answer.tsx";
import { FilterField } from "../pieces/filter-field.tsx";
import { Filters } from "../pieces/filters.tsx";
import { Page, Section } from "../pieces/page.tsx";
import { Paging } from "../pieces/paging.tsx";
import { RunsTable } from "../pieces/run/table.tsx";

const FILTERS = ["status", "outcome", "trigger", "runbook", "host", "rule"] as const;

/** Everything that was run, newest first; what is shown stands in the address. */
export function RunsPage() {
  const [address, change] = useAddress();
  const asked = Object.fromEntries(
    [...FILTERS, "after"].flatMap((name) => (address[name] === undefined ? [] : [[name, address[name]]])),
  );
  const query = useQuery({
    ...runs(addressFrom({ limit: "50", ...asked }).slice(1)),
    placeholderData: keepPreviousData,
  });
  const isFiltered = FILTERS.some((name) => address[name] !== undefined);
  const filter = (name: string, value: string, how: "push" | "replace" = "replace") =>
    change({ [name]: value, after: null }, how);
  return (
    <Page title="Runs">
      <Filters>
        {(
          [
            ["Status", "status", RUN_STATUS_WORDS],
            ["Outcome", "outcome", OUTCOME_WORDS],
            ["Started by", "trigger", TRIGGER_KIND_WORDS],
          ] as const
        ).map(([label, name, words]) => (
          <NativeSelect
            key={name}
            label={label}
            value={address[name] ?? ""}
            onChange={({ currentTarget }) => filter(name, currentTarget.value, "push")}
            data={["", ...words].map((value) => ({
              value,
              label: value === "" ? "all" : value.replaceAll("_", " "),
            }))}
          />
        ))}
        {(
          [
            ["Runbook", "runbook", "restart-web"],
            ["Host", "host", "web-1"],
            ["Rule", "rule", "web-slow"],
          ] as const
        ).map(([label, name, placeholder]) => (
          <FilterField
            key={name}
            label={label}
            placeholder={placeholder}
            value={address[name] ?? ""}
            onChange={(value) => filter(name, value)}
          />
        ))}
      </Filters>
      <Section title={isFiltered ? "Runs that match" : "All runs"}>
        <Answer query={query} lines={12}>
          {({ items, next }) => (
            <>
              <RunsTable
                runs={items}
                none={
                  isFiltered
                    ? "No run matches. Take a filter away to see more."
                    : "Nothing was run yet. A rule in mode auto, a schedule, or the form of a runbook starts a run."
                }
              />
              <Paging next={next} />
            </>
          )}
        </Answer>
      </Section>
    </Page>
  );
}
