import { Button, Group, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { sources } from "../../api/rule-queries.ts";
import { localInput, utcOf } from "../local-time.ts";

/** What is asked: labels or a payload as pasted, the name of a source or nothing, and an RFC 3339 time or nothing. */
export interface Asked {
  readonly text: string;
  readonly source: string;
  readonly at: string;
}

export interface ExplainFormProps {
  readonly asked: Asked;
  /** What is wrong with what was asked last. */
  readonly problem: string | null;
  readonly onAsk: (asked: Asked) => void;
}

const EXAMPLE = 'alertname="WebSlow", instance="web-1:9100", severity="critical"';

/** Labels are pasted as people have them; what cannot be read is said with its line. */
export function ExplainForm({ asked, problem, onAsk }: ExplainFormProps) {
  const [text, setText] = useState(asked.text);
  const [source, setSource] = useState(asked.source);
  const [at, setAt] = useState(localInput(asked.at) ?? "");
  const { data } = useQuery(sources());
  const [isEmpty, setIsEmpty] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setIsEmpty(text.trim() === "");
    if (text.trim() !== "") onAsk({ text, source, at: at === "" ? "" : utcOf(at) });
  };
  const error = isEmpty ? `Paste labels first, such as ${EXAMPLE}` : text === asked.text ? problem : null;
  return (
    <form onSubmit={submit} noValidate>
      <Textarea
        label="Labels, or the body of a webhook"
        description={
          'a="b", c="d"; one a=b or a: b a line; a JSON object; or everything that Alertmanager or Grafana sends'
        }
        placeholder={EXAMPLE}
        value={text}
        error={error}
        onChange={({ currentTarget }) => {
          setText(currentTarget.value);
          setIsEmpty(false);
        }}
        autosize
        minRows={4}
        maxRows={16}
        spellCheck={false}
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
      />
      <Group align="flex-end" gap="sm" mt="sm">
        <NativeSelect
          label="Comes from source"
          value={source}
          onChange={({ currentTarget }) => setSource(currentTarget.value)}
          data={[
            { value: "", label: "the first of the settings" },
            ...(data?.items ?? []).map(({ name, kind }) => ({
              value: name,
              label: name === kind ? name : `${name} (${kind})`,
            })),
          ]}
        />
        <TextInput
          label="At, or now"
          type="datetime-local"
          step={1}
          value={at}
          onChange={({ currentTarget }) => setAt(currentTarget.value)}
          rightSectionWidth={0}
        />
        <Button type="submit">Explain</Button>
      </Group>
    </form>
  );
}
