import { Button, Group, Stack } from "@mantine/core";
import { type FormEvent, useEffect, useState } from "react";
import { useAddress } from "../../address.ts";
import type { RunbookDetails } from "../../api/types.ts";
import { CONFIRM_FIELD, errorOf, fieldErrors, focusField, REASON_FIELD } from "./errors.ts";
import { Field } from "./field.tsx";
import { keptKey } from "./kept.ts";
import { OriginNotice } from "./origin-notice.tsx";
import { type Prefill } from "./prefill.ts";
import { StartPanel } from "./start-panel.tsx";
import { StartProblem } from "./start-problem.tsx";
import { useShown } from "./use-shown.ts";
import { useStart } from "./use-start.ts";
import { useValues } from "./use-values.ts";
import { sentInputs } from "./values.ts";

export interface FormBodyProps {
  readonly runbook: RunbookDetails;
  readonly person: string;
  readonly prefill: Prefill;
  readonly origin: string;
}

/** The inputs, and below them the plan once it was asked for. Nothing that was typed is lost on an error. */
export function FormBody({ runbook, person, prefill, origin }: FormBodyProps) {
  const { name, inputs } = runbook;
  const [address] = useAddress();
  const form = useValues(keptKey(person, name, JSON.stringify(address)), inputs, prefill.values);
  const [hasNotice, setHasNotice] = useState(true);
  const [confirm, setConfirm] = useState("");
  const judged = useShown(inputs, form.values);
  const shown = judged ?? new Set(inputs.filter((one) => one.show_if === null).map((one) => one.name));
  const start = useStart(name, () => sentInputs(inputs, form.values, shown), form.forget);
  const errors = fieldErrors(start.error, inputs);
  const first = errors.find(({ field }) => field !== null)?.field ?? null;
  const { error } = start;
  useEffect(() => {
    if (error !== null && first !== null) focusField(first);
  }, [error, first]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    start.see();
  };
  const problem = error === null ? null : <StartProblem error={error} errors={errors} />;
  return (
    <Stack gap="md" maw={720}>
      {hasNotice ? (
        <OriginNotice
          inputs={inputs}
          prefill={prefill}
          origin={origin}
          isKept={form.isKept}
          onClear={() => {
            form.clear();
            start.reset();
            setHasNotice(false);
          }}
        />
      ) : null}
      <form onSubmit={submit} noValidate aria-label="Inputs">
        <Stack gap="sm">
          {inputs
            .filter((input) => shown.has(input.name))
            .map((input) => (
              <Field
                key={input.name}
                input={input}
                value={form.values[input.name] ?? null}
                error={errorOf(errors, input.name)}
                origin={
                  hasNotice && prefill.values[input.name] !== undefined && form.isUntouched(input.name)
                    ? origin
                    : null
                }
                onChange={(value) => {
                  form.change(input.name, value);
                  setConfirm("");
                  start.reset();
                }}
              />
            ))}
          {start.plan === null ? problem : null}
          <Group>
            <Button
              type="submit"
              variant={start.plan === null ? "filled" : "default"}
              loading={start.plan === null && start.isPending}
              disabled={judged === null}
            >
              {start.plan === null ? "See the plan" : "See the plan anew"}
            </Button>
          </Group>
        </Stack>
      </form>
      {start.plan === null ? null : (
        <StartPanel
          start={start}
          plan={start.plan}
          words={{
            reason: form.reason,
            confirm,
            reasonError: errorOf(errors, REASON_FIELD),
            confirmError: errorOf(errors, CONFIRM_FIELD),
          }}
          onReason={(text) => {
            form.changeReason(text);
            start.clearError();
          }}
          onConfirm={(text) => {
            setConfirm(text);
            start.clearError();
          }}
        >
          {problem}
        </StartPanel>
      )}
    </Stack>
  );
}
