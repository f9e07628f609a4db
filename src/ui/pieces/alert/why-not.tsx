import { useQuery } from "@tanstack/react-query";
import { explanation } from "../../api/queries.ts";
import type { AlertDetails } from "../../api/types.ts";
import { Answer, Empty } from "../answer.tsx";
import { Verdicts } from "../explain/verdicts.tsx";
import { Link } from "../link.tsx";
import { Section } from "../page.tsx";
import { useMay } from "../rights.ts";

/** Each rule, and why it would act on the alert or not, as the rules are now. */
export function WhyNot({ alert }: { readonly alert: AlertDetails }) {
  const mayExplain = useMay("explain");
  const query = useQuery({ ...explanation(alert.id), enabled: mayExplain });
  return (
    <Section
      title="Why this rule, and why not the others"
      actions={
        mayExplain ? (
          <Link to="/explain" search={{ text: labelsText(alert), source: alert.source }}>
            Explain other labels
          </Link>
        ) : null
      }
    >
      {mayExplain ? (
        <>
          <Empty>As the rules and guards are now. What was decided then, and why, stands above.</Empty>
          <Answer query={query}>{({ items }) => <Verdicts rules={items[0]?.rules ?? []} />}</Answer>
        </>
      ) : (
        <Empty>Responders see what each rule says. What was decided, and why, stands above.</Empty>
      )}
    </Section>
  );
}

/** Longer ones would make an address that is cut on its way. */
const VALUE_CHARS_MAX = 500;

/** One label a line, as the page that explains reads it. */
function labelsText({ labels }: Pick<AlertDetails, "labels">): string {
  return Object.entries(labels)
    .filter(([, value]) => value.length <= VALUE_CHARS_MAX)
    .map(([name, value]) => `${JSON.stringify(name)}=${JSON.stringify(value)}`)
    .join("\n");
}
