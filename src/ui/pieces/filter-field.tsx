import { TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useEffect, useState } from "react";

const SETTLES_AFTER_MS = 300;

export interface FilterFieldProps {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly error?: string | null;
  readonly onChange: (value: string) => void;
}

/** A text that a list is narrowed by, once whoever types it has stopped. */
export function FilterField({ label, placeholder, value, error = null, onChange }: FilterFieldProps) {
  const [text, setText] = useState(value);
  const settle = useDebouncedCallback((typed: string) => onChange(typed.trim()), SETTLES_AFTER_MS);
  // The address has changed otherwise: by a link, or by going back.
  useEffect(() => setText((typed) => (typed.trim() === value ? typed : value)), [value]);
  return (
    <TextInput
      label={label}
      placeholder={placeholder}
      value={text}
      error={error}
      onChange={({ currentTarget }) => {
        setText(currentTarget.value);
        settle(currentTarget.value);
      }}
    />
  );
}
