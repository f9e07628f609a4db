import {
  Checkbox,
  MultiSelect,
  NativeSelect,
  NumberInput,
  PasswordInput,
  Textarea,
  TextInput,
} from "@mantine/core";
import type { ChangeEvent, ReactNode } from "react";
import type { Input } from "../../api/types.ts";
import { CHOICES } from "./choices.ts";
import { DatetimeField } from "./datetime-field.tsx";
import { FileField } from "./file-field.tsx";
import { fieldId } from "./errors.ts";
import { HostField, HostsField } from "./host-fields.tsx";
import { limitsText } from "./limits.ts";
import type { FieldValue } from "./values.ts";

export interface FieldProps {
  readonly input: Input;
  readonly value: FieldValue;
  readonly error: string | null;
  /** Where the value came from, when nobody typed it: `from the link`. */
  readonly origin: string | null;
  readonly onChange: (value: FieldValue) => void;
}

/** What every field has, whatever its type. */
export interface CommonProps {
  readonly id: string;
  readonly label: string;
  readonly description: ReactNode;
  readonly required: boolean;
  readonly error: string | null;
  readonly name: string;
  readonly inputWrapperOrder: ("label" | "description" | "input" | "error")[];
}

/** The field of one input, by its type. */
export function Field({ input, value, error, origin, onChange }: FieldProps) {
  const about = [input.help, limitsText(input), origin === null ? null : `Filled in ${origin}`];
  const text = typeof value === "string" ? value : "";
  const list = Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
  const placeholder = input.placeholder ?? undefined;
  const options = (input.options ?? []).map((option) => ({ ...option }));
  const common: CommonProps = {
    id: fieldId(input.name),
    label: input.title ?? input.name,
    description: sentences(about),
    required: input.required && input.default === null && input.type !== "boolean",
    error,
    name: input.name,
    inputWrapperOrder: ["label", "description", "input", "error"],
  };
  const typed = {
    ...common,
    placeholder,
    value: text,
    onChange: ({ currentTarget }: ChangeEvent<HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement>) =>
      onChange(currentTarget.value),
  };
  switch (input.type) {
    case "boolean": {
      const { inputWrapperOrder: _order, required: _required, ...rest } = common;
      return (
        <Checkbox
          {...rest}
          checked={value === true}
          onChange={({ currentTarget }) => onChange(currentTarget.checked)}
        />
      );
    }
    case "integer":
    case "number":
      return (
        <NumberInput
          {...common}
          placeholder={placeholder}
          allowDecimal={input.type === "number"}
          allowedDecimalSeparators={[".", ","]}
          value={text}
          onChange={(number) => onChange(String(number))}
          hideControls
          maw={220}
        />
      );
    case "choice":
      return <NativeSelect {...typed} data={[{ value: "", label: "Choose one" }, ...options]} />;
    case "multi_choice":
      return (
        <MultiSelect
          {...common}
          {...CHOICES}
          placeholder={list.length === 0 ? (placeholder ?? "Choose some") : undefined}
          value={list}
          onChange={onChange}
          data={options}
          searchable
          limit={200}
          nothingFoundMessage="Nothing is called so."
        />
      );
    case "host":
      return (
        <HostField {...common} placeholder={placeholder} value={text} onChange={onChange} within={input.in} />
      );
    case "hosts":
      return (
        <HostsField
          {...common}
          placeholder={placeholder}
          value={list}
          onChange={onChange}
          within={input.in}
        />
      );
    case "secret":
      return input.multiline === true ? (
        <Textarea {...typed} autosize minRows={3} maxRows={12} autoComplete="off" spellCheck={false} />
      ) : (
        <PasswordInput {...typed} autoComplete="off" />
      );
    case "file":
      return (
        <FileField
          {...common}
          value={value instanceof File ? value : null}
          onChange={onChange}
          limit={input.max_size}
        />
      );
    case "date":
      return <TextInput {...typed} type="date" maw={220} />;
    case "datetime":
      return <DatetimeField {...common} value={text} onChange={onChange} />;
    case "duration":
      return <TextInput {...typed} placeholder={placeholder ?? "5m"} maw={220} />;
    case "string":
      return input.multiline === true ? (
        <Textarea {...typed} autosize minRows={3} maxRows={16} />
      ) : (
        <TextInput {...typed} />
      );
  }
}

function sentences(parts: readonly (string | null)[]): string | undefined {
  const said = parts.filter((part): part is string => part !== null && part !== "");
  if (said.length === 0) return undefined;
  return said.map((part) => (/[.!?]$/.test(part) ? part : `${part}.`)).join(" ");
}
