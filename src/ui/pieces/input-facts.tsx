import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { runbook } from "../api/queries.ts";
import type { Input } from "../api/types.ts";
import { bytesText } from "./bytes.ts";
import { Facts } from "./facts.tsx";
import { fieldValueOf, valueText } from "./form/values.ts";
import { Time } from "./time.tsx";

/** The inputs of a plan or a run under the names that people know, as they were meant; without their types as they are stored. */
export function InputFacts({
  runbook: name,
  inputs,
}: {
  readonly runbook: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}) {
  const { data } = useQuery({ ...runbook(name), retry: false });
  const known = new Map((data?.inputs ?? []).map((input) => [input.name, input]));
  return (
    <Facts
      facts={Object.entries(inputs).map(([input, value]) => [
        known.get(input)?.title ?? input,
        shownValue(known.get(input), value),
      ])}
    />
  );
}

/** What a plan holds instead of a secret. */
const SEAL = /^hmac-sha256:/;

function shownValue(input: Input | undefined, value: unknown): ReactNode {
  if (typeof value === "string" && SEAL.test(value)) return "a secret, which is not shown";
  if (input?.type === "datetime" && typeof value === "string") return <Time at={value} />;
  if (typeof value === "object" && value !== null && "sha256" in value && "name" in value) {
    const size = "size" in value && typeof value.size === "number" ? value.size : null;
    return `${String(value.name)} (${bytesText(size)})`;
  }
  const shown = input === undefined ? undefined : fieldValueOf(input, value);
  if (shown !== undefined) return valueText(shown);
  return typeof value === "string" ? value : JSON.stringify(value);
}
