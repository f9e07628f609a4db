import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useAddress } from "../address.ts";
import { explained } from "../api/rule-queries.ts";
import { Answer, Empty } from "../pieces/answer.tsx";
import { type Asked, ExplainForm } from "../pieces/explain/form.tsx";
import { type Pasted, PastedError } from "../pieces/explain/pasted.ts";
import { readPasted } from "../pieces/explain/labels-text.ts";
import { Trace } from "../pieces/explain/trace.tsx";
import { Facts } from "../pieces/facts.tsx";
import { Labels } from "../pieces/alert/labels.tsx";
import { Page, Section } from "../pieces/page.tsx";
import { useMay } from "../pieces/rights.ts";
import { Time } from "../pieces/time.tsx";

/** Longer ones are cut by some program on their way. */
const ADDRESS_CHARS_MAX = 4_000;

/** What would be done with an alert that somebody thinks of, and why. What was asked stands in the address, so that it can be sent on. */
export function ExplainPage() {
  const [address, change] = useAddress();
  const inAddress: Asked = {
    text: address["text"] ?? "",
    source: address["source"] ?? "",
    at: address["at"] ?? "",
  };
  // What is too long for an address.
  const [long, setLong] = useState<Asked | null>(null);
  const asked = long ?? inAddress;
  const mayExplain = useMay("explain");
  const client = useQueryClient();
  const submit = (next: Asked) => {
    const isLong = next.text.length > ADDRESS_CHARS_MAX;
    setLong(isLong ? next : null);
    change({ ...next, text: isLong ? null : next.text }, "push");
    // Asked once more, it may be answered otherwise by now.
    void client.invalidateQueries({ queryKey: ["explained"] });
  };
  return (
    <Page
      title="Explain"
      of={{ to: "/rules", name: "Rules" }}
      about="What would be done with an alert, and why. Nothing is done."
    >
      {mayExplain ? (
        <>
          <Section title="The alert">
            {/* Made anew when the address changes otherwise: by a link, or by going back. */}
            <ExplainForm
              key={JSON.stringify(inAddress)}
              asked={asked}
              problem={problemOf(asked)}
              onAsk={submit}
            />
            {long === null ? null : (
              <Empty>It is too long for an address: to send it on, send the text itself.</Empty>
            )}
          </Section>
          <Result asked={asked} />
        </>
      ) : (
        <Empty>Responders and above may ask what would be done with an alert.</Empty>
      )}
    </Page>
  );
}

function pastedOf({ text }: Asked): Pasted | PastedError | null {
  if (text.trim() === "") return null;
  try {
    return readPasted(text);
  } catch (error) {
    if (error instanceof PastedError) return error;
    throw error;
  }
}

function problemOf(asked: Asked): string | null {
  const pasted = pastedOf(asked);
  return pasted instanceof PastedError ? pasted.message : null;
}

function Result({ asked }: { readonly asked: Asked }) {
  const pasted = pastedOf(asked);
  const isReadable = pasted !== null && !(pasted instanceof PastedError);
  const { source, at } = asked;
  const what = !isReadable
    ? {}
    : pasted.kind === "payload"
      ? { payload: pasted.payload }
      : { labels: pasted.labels, annotations: pasted.annotations };
  const query = useQuery(
    explained(
      isReadable ? { ...what, ...(source === "" ? {} : { source }), ...(at === "" ? {} : { at }) } : null,
    ),
  );
  if (!isReadable) return null;
  return (
    <Answer query={query} lines={8}>
      {({ items, left_out: leftOut }) => (
        <>
          {items.map((explanation, index) => (
            <Section
              key={`${explanation.alert.fingerprint} ${index}`}
              title={items.length === 1 ? "What would be done" : `Alert ${index + 1} of ${items.length}`}
            >
              <Facts
                facts={[
                  ["Labels", <Labels key="labels" labels={explanation.alert.labels} />],
                  ["Source", explanation.alert.source],
                  ["At", <Time key="at" at={explanation.at} />],
                ]}
              />
              <Trace explanation={explanation} />
            </Section>
          ))}
          {leftOut === 0 ? null : <Empty>{leftOut} more alerts of the payload were left out.</Empty>}
        </>
      )}
    </Answer>
  );
}
