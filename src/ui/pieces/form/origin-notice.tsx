import { Alert, Button, Group, Text } from "@mantine/core";
import type { Input } from "../../api/types.ts";
import { Words } from "../words.tsx";
import type { Prefill } from "./prefill.ts";
import { valueText } from "./values.ts";

/** What somebody else has filled in is said before anything is started with it. */
export function OriginNotice({
  inputs,
  prefill,
  origin,
  isKept,
  onClear,
}: {
  readonly inputs: readonly Input[];
  readonly prefill: Prefill;
  /** `by the link`, or `from an earlier run`. */
  readonly origin: string;
  /** What was typed here before is back. */
  readonly isKept: boolean;
  readonly onClear: () => void;
}) {
  const filled = inputs.filter(({ name }) => prefill.values[name] !== undefined);
  const { leftOut } = prefill;
  if (filled.length === 0 && leftOut.length === 0 && !isKept) return null;
  return (
    <Alert color="blue" role="status" title={isKept ? "What you had typed is back" : `Filled in ${origin}`}>
      {isKept ? (
        <Text size="sm">Secrets and files are never kept: give them again.</Text>
      ) : (
        <>
          <Text size="sm" className="breaks">
            {filled.length === 0
              ? "Nothing of it fits this form."
              : "Look at these values before you go on: "}
            {filled.map(({ name, title }, index) => (
              <span key={name}>
                {index === 0 ? "" : ", "}
                <Words text={title ?? name} /> <strong>{shortText(valueText(prefill.values[name]))}</strong>
              </span>
            ))}
          </Text>
          {leftOut.map(({ name, because }) => (
            <Text size="sm" key={name} className="breaks">
              Left out: <Words text={name} /> ({because})
            </Text>
          ))}
        </>
      )}
      <Group mt="xs">
        <Button size="compact-sm" variant="default" onClick={onClear}>
          Begin with an empty form
        </Button>
      </Group>
    </Alert>
  );
}

const SHOWN_CHARS = 60;

function shortText(text: string): string {
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
}
