import { TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useEffect, useRef, useState } from "react";

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
  const sent = useRef(value);
  const settle = useDebouncedCallback((typed: string) => {
    sent.current = typed.trim();
    onChange(sent.current);
  }, SETTLES_AFTER_MS);
  // The address has changed otherwise: by a link, or by going back. What comes back late from here would take away what was typed since.
  useEffect(() => {
    if (value !== sent.current) setText(value);
    sent.current = value;
  }, [value]);
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
