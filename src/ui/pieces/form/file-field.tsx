import { FileInput } from "@mantine/core";
import { bytesText } from "../bytes.ts";
import type { CommonProps } from "./field.tsx";

/** A file with its size; one that is too large is said to be so before it is sent. */
export function FileField({
  value,
  limit,
  error,
  onChange,
  ...common
}: CommonProps & {
  readonly value: File | null;
  readonly limit: number | undefined;
  readonly onChange: (value: File | null) => void;
}) {
  const tooLarge =
    value !== null && limit !== undefined && value.size > limit
      ? `It has ${bytesText(value.size)}, and at most ${bytesText(limit)} are taken. Choose a smaller one.`
      : null;
  return (
    <FileInput
      {...common}
      value={value}
      onChange={onChange}
      clearable
      clearButtonProps={{ "aria-label": "Take the file away" }}
      placeholder="Choose a file"
      valueComponent={({ value: file }) =>
        file instanceof File ? (
          <>
            {file.name} ({bytesText(file.size)})
          </>
        ) : null
      }
      error={error ?? tooLarge}
    />
  );
}
