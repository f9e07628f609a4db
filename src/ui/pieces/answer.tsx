import { Alert, Skeleton, Stack, Text } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ApiError } from "../api/client.ts";
import { Words } from "./words.tsx";

export interface AnswerProps<Data> {
  readonly query: UseQueryResult<Data>;
  /** Lines that are held free while it comes, so that little moves when it is there. */
  readonly lines?: number;
  readonly children: (data: Data) => ReactNode;
}

/** What was asked for: while it comes, when it cannot be had, and when it is there. An older answer stays while a newer one fails. */
export function Answer<Data>({ query, lines = 3, children }: AnswerProps<Data>) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error !== null) return <ProblemAlert error={query.error} />;
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

export function ProblemAlert({ error }: { readonly error: Error }) {
  const title = error instanceof ApiError ? error.title : "This did not work";
  const errors = error instanceof ApiError ? error.errors : [];
  return (
    <Alert color="red" title={title} role="alert" variant="light">
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
    </Alert>
  );
}

/** Nothing is there, and what to do about it. */
export function Empty({ children }: { readonly children: ReactNode }) {
  return (
    <Text c="dimmed" py={4}>
      {children}
    </Text>
  );
}
