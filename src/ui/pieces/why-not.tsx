import { useQuery } from "@tanstack/react-query";
import { explanation } from "../api/queries.ts";
import { DataTable } from "./data-table.tsx";
import { Section } from "./page.tsx";

const VERDICTS: Readonly<Record<string, string>> = {
  matches: "matches",
  no: "does not match",
  not_tried: "is not tried",
  cannot_judge: "cannot be judged",
};

/** Each rule, and why it would act on the alert or not, as the rules are now. Who may not ask sees no list. */
export function WhyNot({ alertId }: { readonly alertId: string }) {
  const { data } = useQuery(explanation(alertId));
  const rules = data?.items[0]?.rules ?? [];
  if (rules.length === 0) return null;
  return (
    <Section title="Why this rule, and why not the others">
      <DataTable
        label="Rules"
        items={rules}
        keyOf={(rule) => rule.rule}
        columns={[
          { title: "#", cell: (rule) => rule.position },
          { title: "Rule", cell: (rule) => `${rule.rule} (${rule.mode})` },
          { title: "Verdict", cell: (rule) => VERDICTS[rule.verdict] ?? rule.verdict },
          { title: "Because", cell: (rule) => <span className="clipped">{rule.because}</span> },
        ]}
      />
    </Section>
  );
}
