import { NativeSelect } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { addressFrom, useAddress } from "../address.ts";
import { ApiError } from "../api/client.ts";
import { ALERT_STATUS_WORDS, OUTCOME_WORDS, REASON_WORDS } from "../api/generated.ts";
import { alerts } from "../api/queries.ts";
import { sources } from "../api/rule-queries.ts";
import { AlertsTable } from "../pieces/alert/table.tsx";
import { Answer, Empty } from "../pieces/answer.tsx";
import { FilterField } from "../pieces/filter-field.tsx";
import { Filters } from "../pieces/filters.tsx";
import { Page, Section } from "../pieces/page.tsx";
import { Paging } from "../pieces/paging.tsx";

const DECISIONS = [
  ["no_match", "no rule matched"],
  ["started", "started a run"],
  ["waiting_person", "asked people"],
  ["queued", "queued a run"],
  ["joined", "joined a run"],
  ["refused", "refused"],
  ["delayed", "delayed"],
  ["observed", "observed"],
  ["ignored", "ignored"],
] as const;
const FILTERS = ["status", "outcome", "source", "decision", "reason", "rule", "filter"] as const;

/** Alerts, and what was done about each; what is shown stands in the address. */
export function AlertsPage() {
  const [address] = useAddress();
  const asked = Object.fromEntries(
    [...FILTERS, "after"].flatMap((name) => (address[name] === undefined ? [] : [[name, address[name]]])),
  );
  const query = useQuery({
    ...alerts(addressFrom({ limit: "50", ...asked }).slice(1)),
    placeholderData: keepPreviousData,
  });
  const isFiltered = FILTERS.some((name) => address[name] !== undefined);
  const problem = filterProblem(query.error);
  return (
    <Page title="Alerts">
      <AlertFilters filterProblem={problem} />
      <Section title={isFiltered ? "Alerts that match" : "All alerts"}>
        {problem !== null ? (
          <Empty>Correct the labels above: they are written as in rules.</Empty>
        ) : (
          <Answer query={query} lines={12}>
            {({ items, next }) => (
              <>
                {items.length === 0 && (isFiltered || next !== null) ? (
                  <Empty>
                    {next === null
                      ? "No alert matches. Take a filter away to see more."
                      : "None of the last 10,000 alerts matches. Go on with older ones."}
                  </Empty>
                ) : (
                  <AlertsTable alerts={items} filter={address["filter"] ?? ""} />
                )}
                <Paging next={next} />
              </>
            )}
          </Answer>
        )}
      </Section>
    </Page>
  );
}

/** What the service says of the labels that were asked for; null when they are not what is wrong. */
function filterProblem(error: Error | null): string | null {
  if (!(error instanceof ApiError) || error.status !== 400) return null;
  const found = error.errors.find(({ pointer }) => pointer === "/filter");
  return found === undefined ? null : `Labels: ${found.message}`;
}

function AlertFilters({ filterProblem: problem }: { readonly filterProblem: string | null }) {
  const [address, change] = useAddress();
  const { data } = useQuery(sources());
  const filter = (name: string, value: string, how: "push" | "replace" = "replace") =>
    change({ [name]: value, after: null }, how);
  const names = (data?.items ?? []).map(({ name }) => name);
  const words = (values: readonly string[]) => values.map((value) => [value, value.replaceAll("_", " ")]);
  return (
    <Filters>
      {(
        [
          ["Status", "status", words(ALERT_STATUS_WORDS)],
          ["What was done", "decision", DECISIONS],
          ["Reason", "reason", words(REASON_WORDS)],
          ["Outcome", "outcome", words(OUTCOME_WORDS)],
          ["Source", "source", words(withPresent(names, address["source"]))],
        ] as const
      ).map(([label, name, options]) => (
        <NativeSelect
          key={name}
          label={label}
          value={address[name] ?? ""}
          onChange={({ currentTarget }) => filter(name, currentTarget.value, "push")}
          data={[["", "all"], ...options].map(([value = "", text = ""]) => ({ value, label: text }))}
        />
      ))}
      <FilterField
        label="Rule"
        placeholder="web-slow"
        value={address["rule"] ?? ""}
        onChange={(value) => filter("rule", value)}
      />
      <div className="filter-wide">
        <FilterField
          label="Labels"
          placeholder={'severity="critical", team=~"web|api"'}
          value={address["filter"] ?? ""}
          error={problem}
          onChange={(value) => filter("filter", value)}
        />
      </div>
    </Filters>
  );
}

/** The one that is asked for, also where it has left the settings. */
function withPresent(names: readonly string[], present: string | undefined): readonly string[] {
  return present === undefined || names.includes(present) ? names : [...names, present];
}
