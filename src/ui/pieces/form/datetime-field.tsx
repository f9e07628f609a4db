import { TextInput } from "@mantine/core";
import { utcOf } from "../local-time.ts";
import type { CommonProps } from "./field.tsx";

/** A time of the reader's clock, with what is sent beside it: the same in UTC. */
export function DatetimeField({
  value,
  onChange,
  description,
  ...common
}: CommonProps & { readonly value: string; readonly onChange: (value: string) => void }) {
  const utc = utcOf(value);
  const isTime = value !== "" && utc !== value;
  return (
    <TextInput
      {...common}
      description={
        <>
          {description === undefined ? null : <>{description} </>}
          {isTime
            ? `That is ${utc.replace("T", " ").replace(/\.\d+Z$/, "")} UTC.`
            : "By the clock of this browser."}
        </>
      }
      type="datetime-local"
      step={1}
      maw={260}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    />
  );
}
