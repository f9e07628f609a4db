import { Switch } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { addressFrom, useAddress } from "../address.ts";
import { pauses } from "../api/queries.ts";
import { Answer, Empty } from "../pieces/answer.tsx";
import { Page, Section } from "../pieces/page.tsx";
import { Paging } from "../pieces/paging.tsx";
import { PauseForm } from "../pieces/pause/form.tsx";
import { PausesTable } from "../pieces/pause/table.tsx";
import { useMay } from "../pieces/rights.ts";

/** Stops of automation: those in force, how to make one, and how to end it. */
export function PausesPage() {
  const [{ scope = "all", history = "", after = "" }, change] = useAddress();
  const mayPause = useMay("operate");
  const withHistory = history === "true";
  const query = useQuery(
    pauses(addressFrom({ limit: "50", history: withHistory ? "true" : "", after }).slice(1)),
  );
  return (
    <Page
      title="Pauses"
      about="While a pause is in force alerts are received and decided on, and nothing that it is about starts. What runs already goes on."
    >
      {mayPause ? (
        <Section title="Pause automation">
          <PauseForm key={scope} scope={scope} onMade={() => change({ scope: null, after: null })} />
        </Section>
      ) : (
        <Empty>Operators make and end pauses.</Empty>
      )}
      <Section
        title={withHistory ? "All pauses" : "In force"}
        actions={
          <Switch
            label="also those that are over"
            size="xs"
            checked={withHistory}
            onChange={({ currentTarget }) =>
              change({ history: currentTarget.checked ? "true" : null, after: null })
            }
          />
        }
      >
        <Answer query={query}>
          {({ items, next }) => (
            <>
              {items.length === 0 ? (
                <Empty>
                  {withHistory ? "There never was a pause." : "Nothing is paused: rules act as they say."}
                </Empty>
              ) : (
                <PausesTable pauses={items} mayEnd={mayPause} />
              )}
              <Paging next={next} />
            </>
          )}
        </Answer>
      </Section>
    </Page>
  );
}
