import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import type { FormEvent, ReactNode } from "react";
import type { Plan } from "../../api/types.ts";
import { CONFIRM_FIELD, fieldId, REASON_FIELD } from "./errors.ts";
import styles from "../plan/plan.module.css";
import { PlanPreview } from "../plan/preview.tsx";
import type { Start } from "./use-start.ts";

export interface StartPanelProps {
  readonly start: Start;
  readonly plan: Plan;
  readonly words: {
    readonly reason: string;
    readonly confirm: string;
    readonly reasonError: string | null;
    readonly confirmError: string | null;
  };
  readonly onReason: (text: string) => void;
  readonly onConfirm: (text: string) => void;
  /** What was wrong with the last try. */
  readonly children: ReactNode;
}

/** The plan, and what starts exactly that. */
export function StartPanel({ start, plan, words, onReason, onConfirm, children }: StartPanelProps) {
  const { reason, confirm } = words;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    start.run({ reason, confirm, isDryRun: false });
  };
  return (
    <section aria-label="Plan" className={styles["plan"]}>
      <form onSubmit={submit} noValidate aria-label="Start">
        <Stack gap="sm">
          <PlanPreview plan={plan} before={start.before} />
          <TextInput
            id={fieldId(REASON_FIELD)}
            label="Reason"
            description="Whoever looks at the run later reads it"
            value={reason}
            error={words.reasonError}
            onChange={({ currentTarget }) => onReason(currentTarget.value)}
          />
          {plan.confirm === null ? null : (
            <TextInput
              id={fieldId(CONFIRM_FIELD)}
              label={`Type ${plan.confirm.value} to confirm`}
              description={`It is the value of ${plan.confirm.input}`}
              value={confirm}
              error={words.confirmError}
              onChange={({ currentTarget }) => onConfirm(currentTarget.value)}
              autoComplete="off"
              spellCheck={false}
            />
          )}
          {children}
          <Group>
            <Button
              type="submit"
              color={isDestructive(plan) ? "red.9" : undefined}
              loading={start.isPending}
              disabled={plan.confirm !== null && confirm !== plan.confirm.value}
            >
              Run it
            </Button>
            <Button
              variant="default"
              loading={start.isPending}
              onClick={() => start.run({ reason, confirm, isDryRun: true })}
            >
              Dry run
            </Button>
          </Group>
          <Text size="sm" c="dimmed">
            {dryRunText(plan)}
          </Text>
        </Stack>
      </form>
    </section>
  );
}

function isDestructive({ steps }: Plan): boolean {
  return steps.some(({ effect }) => effect === "destructive");
}

/** What a dry run of this plan does otherwise. */
function dryRunText({ steps, confirm, approval }: Plan): string {
  const changing = steps.filter(({ effect }) => effect !== "read");
  const previews = changing.filter(({ preview }) => preview !== null).length;
  const skipped =
    changing.length === 0
      ? "A dry run does the same: nothing here changes anything."
      : `A dry run does what only reads, and says of ${changing.length === 1 ? "the one step that changes something" : `the ${changing.length} steps that change something`} what it would do${previews === 0 ? "" : `; ${previews === 1 ? "one script shows" : `${previews} scripts show`} what would be changed`}.`;
  const free = [confirm === null ? null : "nothing is typed", approval === null ? null : "nobody is asked"];
  const said = free.filter((part) => part !== null);
  return said.length === 0 ? skipped : `${skipped} For it ${said.join(" and ")}.`;
}
