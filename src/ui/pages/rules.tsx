import { Button, SegmentedControl } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link as RouterLink } from "@tanstack/react-router";
import { addressFrom, useAddress } from "../address.ts";
import { rules } from "../api/queries.ts";
import type { Rule } from "../api/types.ts";
import { Answer, Empty } from "../pieces/answer.tsx";
import { type Column, DataTable } from "../pieces/data-table.tsx";
import { Link } from "../pieces/link.tsx";
import { Page, Section } from "../pieces/page.tsx";
import { Paging } from "../pieces/paging.tsx";
import { useMay } from "../pieces/rights.ts";
import { BreakerBadge } from "../pieces/rule/breaker-badge.tsx";
import {
  DAYS,
  type Days,
  Refusals,
  SelfResolved,
  statisticsOf,
  SuccessRate,
} from "../pieces/rule/counts.tsx";
import { ModeBadge, MODES } from "../pieces/rule/mode.tsx";
import { Words } from "../pieces/words.tsx";
import classes from "./rules.module.css";

/** Rules in the order in which they are tried, with what they did. */
export function RulesPage() {
  const [address, change] = useAddress();
  const mayExplain = useMay("explain");
  const days: Days = DAYS.find((each) => each === address["days"]) ?? "7";
  const query = useQuery({
    ...rules(addressFrom({ limit: "100", after: address["after"] }).slice(1)),
    placeholderData: keepPreviousData,
  });
  return (
    <Page
      title="Rules"
      about="An alert goes to the first rule that matches; a rule that only observes lets it go on."
      actions={
        mayExplain ? (
          <Button size="xs" renderRoot={(props) => <RouterLink {...props} to="/explain" />}>
            Explain labels
          </Button>
        ) : null
      }
    >
      <Section
        title="In the order in which they are tried"
        actions={
          <SegmentedControl
            size="xs"
            aria-label="Counts of the last days"
            value={days}
            onChange={(value) => change({ days: value === "7" ? null : value })}
            data={DAYS.map((each) => ({ value: each, label: each === "1" ? "1 day" : `${each} days` }))}
          />
        }
      >
        <Answer query={query} lines={8}>
          {({ items, next }) => (
            <>
              {items.length === 0 ? (
                <Empty>
                  There is no rule yet: nothing is done about any alert. Write one into a file of the folder
                  rules, and reload.
                </Empty>
              ) : (
                <DataTable
                  label="Rules"
                  items={items}
                  keyOf={({ name }) => name}
                  columns={columnsFor(days)}
                />
              )}
              <Paging next={next} first="First" further="Further" />
              {items.every(({ statistics }) => statistics.complete) ? null : (
                <Empty>The counts are still being made, and grow.</Empty>
              )}
            </>
          )}
        </Answer>
        <dl className="facts">
          {Object.entries(MODES).map(([mode, meaning]) => (
            <div key={mode}>
              <dt>
                <ModeBadge mode={mode as Rule["mode"]} />
              </dt>
              <dd className="dim">{meaning}</dd>
            </div>
          ))}
        </dl>
      </Section>
    </Page>
  );
}

function columnsFor(days: Days): readonly Column<Rule>[] {
  const of = (rule: Rule) => statisticsOf(rule, days);
  return [
    { title: "#", cell: ({ position }) => position ?? "–" },
    {
      title: "Rule",
      cell: (rule) => (
        <div className={classes["rule"]}>
          <Link to="/rules/$name" params={{ name: rule.name }}>
            {rule.name}
          </Link>
          <div className="statuses">
            <ModeBadge mode={rule.mode} />
            <BreakerBadge breaker={rule.breaker} />
          </div>
          <div className="dim small">
            {rule.runbook === null ? (
              "no runbook"
            ) : (
              <Link to="/runbooks/$name" params={{ name: rule.runbook }}>
                {rule.runbook}
              </Link>
            )}
          </div>
        </div>
      ),
    },
    { title: "Matches", cell: (rule) => <Conditions rule={rule} />, isWide: true },
    {
      title: "Alerts",
      cell: (rule) => (
        <Link to="/alerts" search={{ rule: rule.name }}>
          {of(rule).episodes}
        </Link>
      ),
      align: "end",
    },
    {
      title: "Fixed",
      cell: (rule) =>
        rule.mode === "observe" ? (
          <>
            <SelfResolved mode={rule.mode} statistics={of(rule)} />
            <div className="dim small">went away alone</div>
          </>
        ) : (
          <SuccessRate statistics={of(rule)} />
        ),
    },
    { title: "Held back by", cell: (rule) => <Refusals rule={rule.name} statistics={of(rule)} /> },
  ];
}

/** What an alert has to be, as the rule's file has it. */
function Conditions({ rule }: { readonly rule: Rule }) {
  const { matchers, if: condition, conditions } = rule;
  if (matchers.length === 0 && condition === null && conditions.length === 0)
    return <span className="dim">every alert</span>;
  return (
    <div className={classes["matches"]}>
      <code>
        <Words text={matchers.join(", ")} className="clipped" />
      </code>
      {condition === null ? null : (
        <code className="dim">
          <Words text={`if ${condition}`} className="clipped" />
        </code>
      )}
      {conditions.length === 0 ? null : (
        <span className="dim small">
          <Words text={conditions.join("; ")} className="clipped" />
        </span>
      )}
    </div>
  );
}
