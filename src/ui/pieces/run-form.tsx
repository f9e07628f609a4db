import { Alert, Button, Group, Stack, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { ApiError, send } from "../api/client.ts";
import type { Input, Plan, Run, Runbook } from "../api/types.ts";
import { ProblemAlert } from "./answer.tsx";
import { type FieldValue, InputField } from "./input-field.tsx";
import { PlanPreview } from "./plan-preview.tsx";

type Values = Readonly<Record<string, FieldValue>>;

/** From the inputs to the plan, and from the plan to the run. Nothing that was typed is lost on an error. */
export function RunForm({ runbook }: { readonly runbook: Runbook }) {
  const [values, setValues] = useState<Values>(() =>
    Object.fromEntries(runbook.inputs.map((input) => [input.name, emptyOf(input)])),
  );
  const [reason, setReason] = useState("");
  const [confirm, setConfirm] = useState("");
  const navigate = useNavigate();
  const path = `/runbooks/${encodeURIComponent(runbook.name)}`;
  const plan = useMutation({
    mutationFn: async () =>
      send<Plan>("POST", `${path}/plan`, { inputs: await inputsOf(runbook.inputs, values) }),
  });
  const start = useMutation({
    mutationFn: async (isDryRun: boolean) =>
      send<Run>("POST", `${path}/runs`, {
        inputs: await inputsOf(runbook.inputs, values),
        dry_run: isDryRun,
        ...(plan.data === undefined || isDryRun ? {} : { plan_digest: plan.data.digest }),
        ...(reason === "" ? {} : { reason }),
        ...(confirm === "" ? {} : { confirm }),
      }),
    onSuccess: ({ id }) => navigate({ to: "/runs/$id", params: { id } }),
  });
  const change = (name: string, value: FieldValue) => {
    setValues((before) => ({ ...before, [name]: value }));
    // What was planned was planned with other values.
    plan.reset();
    start.reset();
  };
  const error = start.error ?? plan.error;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (plan.data === undefined) plan.mutate();
    else start.mutate(false);
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm" maw={640}>
        {runbook.inputs.map((input) => (
          <InputField
            key={input.name}
            input={input}
            value={values[input.name] ?? null}
            error={errorAt(error, `/inputs/${input.name}`)}
            onChange={(value) => change(input.name, value)}
          />
        ))}
        <TextInput
          label="Reason"
          description="Whoever looks at the run later reads it"
          value={reason}
          onChange={({ currentTarget }) => setReason(currentTarget.value)}
        />
        {plan.data === undefined ? null : (
          <>
            <PlanPreview plan={plan.data} />
            {plan.data.confirm === null ? null : (
              <TextInput
                label={`Type the value of ${plan.data.confirm.input} to confirm`}
                value={confirm}
                error={errorAt(error, "/confirm")}
                onChange={({ currentTarget }) => setConfirm(currentTarget.value)}
                autoComplete="off"
              />
            )}
          </>
        )}
        {error === null ? null : isAtFields(error, runbook.inputs) ? (
          <Alert color="red" role="alert" title={error.message} variant="light" />
        ) : (
          <ProblemAlert error={error} />
        )}
        <Group>
          <Button type="submit" loading={plan.isPending || start.isPending}>
            {plan.data === undefined ? "See the plan" : "Run it"}
          </Button>
          {plan.data === undefined ? null : (
            <Button variant="default" loading={start.isPending} onClick={() => start.mutate(true)}>
              Dry run
            </Button>
          )}
        </Group>
      </Stack>
    </form>
  );
}

function emptyOf({ type, default: value }: Input): FieldValue {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (Array.isArray(value)) return value.filter((each) => typeof each === "string");
  if (type === "boolean") return false;
  if (type === "hosts" || type === "multi_choice") return [];
  return type === "file" ? null : "";
}

/** What was filled in; a field that was left empty is left out, so that the service says whether it is needed. */
async function inputsOf(inputs: readonly Input[], values: Values): Promise<Record<string, unknown>> {
  const entries = await Promise.all(
    inputs.map(async ({ name }): Promise<readonly [string, unknown] | null> => {
      const value = values[name] ?? null;
      if (value === null || value === "" || (Array.isArray(value) && value.length === 0)) return null;
      return [name, value instanceof File ? { name: value.name, base64: await base64Of(value) } : value];
    }),
  );
  return Object.fromEntries(entries.filter((entry) => entry !== null));
}

async function base64Of(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function errorAt(error: Error | null, pointer: string): string | null {
  if (!(error instanceof ApiError)) return null;
  const found = error.errors.filter(
    (each) => each.pointer === pointer || each.pointer.startsWith(`${pointer}/`),
  );
  return found.length === 0 ? null : found.map(({ message }) => message).join("; ");
}

/** Whether everything that is wrong stands at a field already. */
function isAtFields(error: Error, inputs: readonly Input[]): boolean {
  if (!(error instanceof ApiError) || error.errors.length === 0) return false;
  const pointers = [...inputs.map(({ name }) => `/inputs/${name}`), "/confirm"];
  return error.errors.every((each) =>
    pointers.some((pointer) => each.pointer === pointer || each.pointer.startsWith(`${pointer}/`)),
  );
}
