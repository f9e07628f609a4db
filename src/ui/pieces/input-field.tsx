import {
  Autocomplete,
  Checkbox,
  FileInput,
  MultiSelect,
  NativeSelect,
  NumberInput,
  PasswordInput,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { hosts } from "../api/queries.ts";
import type { Input } from "../api/types.ts";

/** What a form holds of one input before it is sent. */
export type FieldValue = string | number | boolean | readonly string[] | File | null;

export interface InputFieldProps {
  readonly input: Input;
  readonly value: FieldValue;
  readonly error: string | null;
  readonly onChange: (value: FieldValue) => void;
}

/** The field for one input, by its type. */
export function InputField({ input, value, error, onChange }: InputFieldProps) {
  const condition = input.show_if === null ? null : `Only where ${input.show_if}.`;
  const description = [input.help, condition].filter((text) => text !== null).join(" ");
  const common = {
    label: input.title ?? input.name,
    description: description === "" ? undefined : description,
    required: input.required && input.show_if === null,
    error,
    name: input.name,
  };
  const placeholder = input.placeholder ?? undefined;
  const text = typeof value === "string" ? value : "";
  const list = Array.isArray(value) ? [...(value as readonly string[])] : [];
  const options = (input.options ?? []).map((option) => ({ value: option.value, label: option.label }));
  switch (input.type) {
    case "boolean":
      return (
        <Checkbox
          {...common}
          checked={value === true}
          onChange={({ currentTarget }) => onChange(currentTarget.checked)}
        />
      );
    case "integer":
    case "number":
      return (
        <NumberInput
          {...common}
          placeholder={placeholder}
          allowDecimal={input.type === "number"}
          value={typeof value === "number" ? value : text}
          onChange={onChange}
        />
      );
    case "choice":
      return (
        <NativeSelect
          {...common}
          value={text}
          onChange={({ currentTarget }) => onChange(currentTarget.value)}
          data={[{ value: "", label: "Choose one" }, ...options]}
        />
      );
    case "multi_choice":
      return <MultiSelect {...common} value={list} onChange={onChange} data={options} searchable />;
    case "host":
      return <HostField {...common} value={text} onChange={onChange} placeholder={placeholder ?? "web-1"} />;
    case "hosts":
      return <HostsField {...common} value={list} onChange={onChange} />;
    case "secret":
      return (
        <PasswordInput
          {...common}
          value={text}
          onChange={({ currentTarget }) => onChange(currentTarget.value)}
          autoComplete="off"
        />
      );
    case "file":
      return (
        <FileInput {...common} value={value instanceof File ? value : null} onChange={onChange} clearable />
      );
    case "date":
      return (
        <TextInput
          {...common}
          type="date"
          value={text}
          onChange={({ currentTarget }) => onChange(currentTarget.value)}
        />
      );
    case "string":
    case "duration":
    case "datetime":
      return input.multiline === true ? (
        <Textarea
          {...common}
          placeholder={placeholder}
          value={text}
          onChange={({ currentTarget }) => onChange(currentTarget.value)}
          autosize
          minRows={3}
        />
      ) : (
        <TextInput
          {...common}
          placeholder={placeholder}
          value={text}
          onChange={({ currentTarget }) => onChange(currentTarget.value)}
        />
      );
  }
}

interface NamedFieldProps {
  readonly label: string;
  readonly description: string | undefined;
  readonly required: boolean;
  readonly error: string | null;
  readonly name: string;
}

/** Names of the inventory as they are typed; what the runbook lets in of them is judged by the service. */
function HostField(
  props: NamedFieldProps & {
    readonly value: string;
    readonly placeholder: string;
    readonly onChange: (value: string) => void;
  },
) {
  const { data } = useQuery(hosts());
  return <Autocomplete {...props} data={data?.items.map(({ name }) => name) ?? []} limit={20} />;
}

function HostsField(
  props: NamedFieldProps & { readonly value: string[]; readonly onChange: (value: string[]) => void },
) {
  const { data } = useQuery(hosts());
  return <MultiSelect {...props} data={data?.items.map(({ name }) => name) ?? []} searchable limit={50} />;
}
