import { Alert, Button, Skeleton, Stack, Text } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { ApiError } from "../api/client.ts";
import { Time } from "./time.tsx";
import { Words } from "./words.tsx";

export interface AnswerProps<Data> {
  readonly query: UseQueryResult<Data>;
  /** Lines that are held free while it comes, so that little moves when it is there. */
  readonly lines?: number;
  readonly children: (data: Data) => ReactNode;
}

/** What was asked for: while it comes, when it cannot be had, and when it is there. An older answer stays while a newer one fails, and says so. */
export function Answer<Data>({ query, lines = 3, children }: AnswerProps<Data>) {
  const error = useLastError(query);
  if (query.data !== undefined)
    return (
      <>
        {error === null || isAway(error) ? null : <Outdated since={query.dataUpdatedAt} error={error} />}
        {children(query.data)}
      </>
    );
  if (error !== null) return <ProblemAlert error={error} onAgain={() => void query.refetch()} />;
  return <Loading lines={lines} />;
}

export function Loading({ lines }: { readonly lines: number }) {
  return (
    <Stack gap="xs" role="status" aria-busy="true" aria-label="Loading">
      {Array.from({ length: lines }, (_, line) => (
        <Skeleton key={line} height={28} />
      ))}
    </Stack>
  );
}

/** What went wrong, also while it is asked for again: otherwise a problem and an empty page would take turns. */
export function useLastError({
  data,
  error,
  errorUpdateCount,
  isSuccess,
}: Pick<UseQueryResult, "data" | "error" | "errorUpdateCount" | "isSuccess">): Error | null {
  const [last, setLast] = useState<Error | null>(null);
  if (error !== null && error !== last) setLast(error);
  if (isSuccess && last !== null) setLast(null);
  return error ?? (data === undefined && errorUpdateCount > 0 ? last : null);
}

/** Nobody answers: every page says so at its top already. */
function isAway(error: Error): boolean {
  return error instanceof ApiError && error.status === 0;
}

function Outdated({ since, error }: { readonly since: number; readonly error: Error }) {
  return (
    <Text size="sm" c="var(--warning)" role="status" className="breaks">
      This is as it was at <Time at={new Date(since).toISOString()} />. It cannot be asked for now:{" "}
      <Words text={error.message} />
    </Text>
  );
}

interface ProblemProps {
  readonly error: Error;
  /** Asks again; offered where it may help. */
  readonly onAgain?: () => void;
}

export function ProblemAlert({ error, onAgain }: ProblemProps) {
  const title = error instanceof ApiError ? error.title : "This did not work";
  const errors = error instanceof ApiError ? error.errors : [];
  return (
    <Alert color={isForbidden(error) ? "gray" : "red"} title={title} role="alert" variant="light">
      <Text size="sm" className="breaks">
        <Words text={error.message} />
      </Text>
      {errors
        .filter(({ message }) => !error.message.includes(message))
        .map(({ pointer, message }) => (
          <Text size="sm" className="breaks" key={`${pointer} ${message}`}>
            {pointer === "" ? "" : `${pointer}: `}
            <Words text={message} />
          </Text>
        ))}
      {onAgain === undefined || isRefused(error) ? null : (
        <Button size="compact-sm" variant="default" mt="xs" onClick={onAgain}>
          Ask again
        </Button>
      )}
    </Alert>
  );
}

/** Nothing is broken: it is for others. */
function isForbidden(error: Error): boolean {
  return error instanceof ApiError && error.status === 403;
}

/** It would be refused again. */
function isRefused(error: Error): boolean {
  return error instanceof ApiError && error.status >= 400 && error.status < 500;
}

/** Nothing is there, and what to do about it. */
export function Empty({ children }: { readonly children: ReactNode }) {
  return (
    <Text c="dimmed" py={4}>
      {children}
    </Text>
  );
}
