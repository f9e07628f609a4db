import { Button, Group, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ApiError, send } from "../../api/client.ts";
import { rules, runbooks } from "../../api/queries.ts";
import type { Pause } from "../../api/types.ts";
import { ProblemAlert } from "../answer.tsx";
import { say } from "../said.tsx";
import { utcOf } from "../local-time.ts";
import { partsOf, scopeOf, type ScopeKind } from "./scope-words.ts";

const KINDS: Readonly<Record<ScopeKind, string>> = {
  all: "everything",
  rule: "one rule",
  runbook: "one runbook",
  hosts: "runs on some hosts",
};

const LENGTHS = [
  ["15m", "15 minutes"],
  ["1h", "1 hour"],
  ["4h", "4 hours"],
  ["12h", "12 hours"],
  ["1d", "1 day"],
  ["7d", "7 days"],
  ["until", "until a time…"],
] as const;

export interface PauseFormProps {
  /** What it is about at first, such as `rule:web-slow`. */
  readonly scope: string;
  readonly onMade: () => void;
}

/** Stops automation for a time. What is wrong stands at the field, and what was typed stays. */
export function PauseForm({ scope, onMade }: PauseFormProps) {
  const first = partsOf(scope);
  const [kind, setKind] = useState<ScopeKind>(first.kind);
  const [value, setValue] = useState(first.value);
  const [name, setName] = useState("");
  const [reason, setReason] = useState("");
  const [length, setLength] = useState("1h");
  const [until, setUntil] = useState("");
  const client = useQueryClient();
  const make = useMutation({
    mutationFn: () =>
      send<Pause>("POST", "/pauses", {
        name: name.trim(),
        scope: scopeOf(kind, value),
        reason,
        ...(length === "until" ? { until: until === "" ? null : utcOf(until) } : { for: length }),
      }),
    onSuccess: async ({ name: made }) => {
      say(`The pause ${made} is in force.`);
      setName("");
      setReason("");
      onMade();
      await client.invalidateQueries({ queryKey: ["pauses"] });
      await client.invalidateQueries({ queryKey: ["status"] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate();
  };
  const at = (pointer: string) => errorAt(make.error, pointer);
  return (
    <form onSubmit={submit} noValidate>
      <Group align="flex-start" gap="sm">
        <NativeSelect
          label="Stops"
          value={kind}
          onChange={({ currentTarget }) => {
            setKind(currentTarget.value as ScopeKind);
            setValue("");
          }}
          error={kind === "all" ? at("/scope") : null}
          data={Object.entries(KINDS).map(([key, label]) => ({ value: key, label }))}
        />
        <Which kind={kind} value={value} onChange={setValue} error={at("/scope")} />
        <TextInput
          label="Name"
          placeholder="upgrade"
          value={name}
          error={at("/name")}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
          autoComplete="off"
        />
        <TextInput
          label="Reason"
          placeholder="we replace the load balancer"
          value={reason}
          error={at("/reason")}
          onChange={({ currentTarget }) => setReason(currentTarget.value)}
          flex="1 1 16rem"
        />
        <NativeSelect
          label="For"
          value={length}
          error={at("/for")}
          onChange={({ currentTarget }) => setLength(currentTarget.value)}
          data={LENGTHS.map(([key, label]) => ({ value: key, label }))}
        />
        {length === "until" ? (
          <TextInput
            label="Until"
            type="datetime-local"
            value={until}
            error={at("/until")}
            onChange={({ currentTarget }) => setUntil(currentTarget.value)}
          />
        ) : null}
        <Button type="submit" mt="1.45rem" loading={make.isPending}>
          Pause
        </Button>
      </Group>
      {make.error === null || isAtFields(make.error) ? null : <ProblemAlert error={make.error} />}
    </form>
  );
}

interface WhichProps {
  readonly kind: ScopeKind;
  readonly value: string;
  readonly error: string | null;
  readonly onChange: (value: string) => void;
}

/** The rule, the runbook or the hosts that it is about; nothing for everything. */
function Which({ kind, value, error, onChange }: WhichProps) {
  const ofRules = useQuery({ ...rules(), enabled: kind === "rule" });
  const ofRunbooks = useQuery({ ...runbooks(), enabled: kind === "runbook" });
  if (kind === "all") return null;
  if (kind === "hosts")
    return (
      <TextInput
        label="Hosts"
        placeholder={'role="web"'}
        description="Labels of the inventory, and name"
        value={value}
        error={error}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
      />
    );
  const named = kind === "rule" ? (ofRules.data?.items ?? []) : (ofRunbooks.data ?? []);
  const names = named.map((each) => each.name);
  const known = value === "" || names.includes(value) ? names : [value, ...names];
  return (
    <NativeSelect
      label={kind === "rule" ? "Rule" : "Runbook"}
      value={value}
      error={error}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
      data={[{ value: "", label: "choose one" }, ...known.map((each) => ({ value: each, label: each }))]}
    />
  );
}

const FIELDS = ["/name", "/scope", "/reason", "/for", "/until"];

function errorAt(error: Error | null, pointer: string): string | null {
  if (!(error instanceof ApiError)) return null;
  return error.errors.find((each) => each.pointer === pointer)?.message ?? null;
}

/** Whether everything that is wrong stands at a field already. */
function isAtFields(error: Error): boolean {
  return (
    error instanceof ApiError &&
    error.errors.length > 0 &&
    error.errors.every(({ pointer }) => FIELDS.includes(pointer))
  );
}
