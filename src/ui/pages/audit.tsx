import { Button, Group } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { addressFrom, useAddress } from "../address.ts";
import { audit } from "../api/queries.ts";
import { Answer, Empty } from "../pieces/answer.tsx";
import { AuditTable } from "../pieces/audit-table.tsx";
import { FilterField } from "../pieces/filter-field.tsx";
import { Filters } from "../pieces/filters.tsx";
import { Page, Section } from "../pieces/page.tsx";
import { Paging } from "../pieces/paging.tsx";
import { useMay } from "../pieces/rights.ts";

const FILTERS = [
  ["principal", "Who", "user:dana"],
  ["action", "What", "run.start"],
  ["subject", "On", "run:ID, or pause"],
] as const;

/** Who changed what, newest first. */
export function AuditPage() {
  const [address, change] = useAddress();
  const mayRead = useMay("administer");
  const asked = Object.fromEntries(
    ["principal", "action", "subject", "after"].map((name) => [name, address[name]]),
  );
  const query = useQuery({
    ...audit(addressFrom({ limit: "100", ...asked }).slice(1)),
    placeholderData: keepPreviousData,
  });
  const isFiltered = FILTERS.some(([name]) => address[name] !== undefined);
  const exported = addressFrom({ ...asked, after: undefined });
  return (
    <Page
      title="Audit"
      about="Each record is chained to the one before it; nightshift audit verify finds the first that was changed."
      actions={
        mayRead ? (
          <Button component="a" size="xs" href={`/api/v1/audit/export${exported}`} variant="default">
            Export as JSON lines
          </Button>
        ) : null
      }
    >
      <Filters>
        {FILTERS.map(([name, label, placeholder]) => (
          <FilterField
            key={name}
            label={label}
            placeholder={placeholder}
            value={address[name] ?? ""}
            onChange={(value) => change({ [name]: value, after: null })}
          />
        ))}
      </Filters>
      <Section title={isFiltered ? "Records that match" : "All records"}>
        <Answer query={query} lines={12}>
          {({ items, next }) => (
            <>
              {items.length === 0 ? (
                <Empty>
                  {isFiltered
                    ? "No record matches. Take a filter away to see more."
                    : "Nobody has changed anything yet."}
                </Empty>
              ) : (
                <AuditTable records={items} />
              )}
              <Group>
                <Paging next={next} />
              </Group>
            </>
          )}
        </Answer>
      </Section>
    </Page>
  );
}
