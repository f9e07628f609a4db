import { Button, Stack, Text, Textarea } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { send } from "../../api/client.ts";
import { me } from "../../api/queries.ts";
import type { Approval } from "../../api/types.ts";
import { ProblemAlert } from "../answer.tsx";
import { Focused } from "../focused.tsx";
import { Countdown } from "./countdown.tsx";
import styles from "./decision.module.css";
import { afterwards, ANSWERS, mayDecideText } from "./words.ts";

/** What somebody has answered; `problem` is null where it was taken. */
export interface Answered {
  readonly problem: Error | null;
  readonly comment: string;
}

export interface DecisionProps {
  readonly approval: Approval;
  readonly onAnswered: (answered: Answered) => void;
}

/** The answers, with what follows from each; or why whoever looks gives none. */
export function Decision({ approval: one, onAnswered }: DecisionProps) {
  const [comment, setComment] = useState("");
  const client = useQueryClient();
  const person = useQuery(me());
  const decide = useMutation({
    mutationFn: (answer: string) =>
      send("POST", `/approvals/${one.id}/${answer}`, {
        plan_digest: one.plan_digest,
        ...(comment === "" ? {} : { comment }),
      }),
    onSettled: (_data, problem) => {
      onAnswered({ problem, comment });
      return client.invalidateQueries();
    },
  });
  const said = one.said.find(({ by }) => by === person.data?.id);
  if (said !== undefined)
    return (
      <Focused isWanted={decide.isSuccess}>
        You have said yes.{" "}
        {one.count - one.approved === 1
          ? `One more person of ${mayDecideText(one)} has to.`
          : `${one.count - one.approved} more people of ${mayDecideText(one)} have to.`}
      </Focused>
    );
  if (!one.may_decide)
    return (
      <Text className="breaks">
        {one.requested_by === person.data?.id
          ? `You asked for it, so that somebody else decides: ${mayDecideText(one)}.`
          : `You cannot decide this. Who may: ${mayDecideText(one)}.`}
      </Text>
    );
  return (
    <Stack gap="sm" maw={640}>
      <div>
        <Countdown until={one.deadline} />
      </div>
      {one.count > 1 ? (
        <Text>
          {one.approved} of {one.count} people have said yes.
        </Text>
      ) : null}
      <Textarea
        label="Comment"
        description="Whoever asked reads it"
        value={comment}
        onChange={({ currentTarget }) => setComment(currentTarget.value)}
        autosize
        minRows={2}
        maxRows={8}
      />
      {decide.error === null ? null : <ProblemAlert error={decide.error} />}
      <div className={styles["answers"]}>
        {one.answers.map((answer) => (
          <Button
            key={answer}
            size="md"
            color={ANSWERS[answer].color}
            variant={ANSWERS[answer].isMain ? "filled" : "outline"}
            loading={decide.isPending && decide.variables === answer}
            disabled={decide.isPending && decide.variables !== answer}
            onClick={() => decide.mutate(answer)}
          >
            {ANSWERS[answer].label}
          </Button>
        ))}
      </div>
      <ul className={`small dim ${styles["after"]}`}>
        {afterwards(one).map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </Stack>
  );
}
