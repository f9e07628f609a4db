import { Alert, Skeleton, Stack, Text } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ApiError } from "../api/client.ts";

/** What was asked for: while it comes, when it cannot be had, and when it is there. An older answer stays while a newer one fails. */
export function Answer<Data>({
  query,
  children,
}: {
  readonly query: UseQueryResult<Data>;
  readonly children: (data: Data) => ReactNode;
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error !== null) return <ProblemAlert error={query.error} />;
  return (
    <Stack gap="xs" aria-busy="true" aria-label="Loading">
      <Skeleton height={28} />
      <Skeleton height={28} />
      <Skeleton height={28} />
    </Stack>
  );
}

export function ProblemAlert({ error }: { readonly error: Error }) {
  const title = error instanceof ApiError ? error.title : "This did not work";
  const errors = error instanceof ApiError ? error.errors : [];
  return (
    <Alert color="red" title={title} role="alert" variant="light">
      <Text size="sm">{error.message}</Text>
      {errors.map(({ pointer, message }) => (
        <Text size="sm" key={`${pointer} ${message}`}>
          {pointer === "" ? "" : `${pointer}: `}
          {message}
        </Text>
      ))}
    </Alert>
  );
}

/** Nothing is there, and what to do about it. */
export function Empty({ children }: { readonly children: ReactNode }) {
  return (
    <Text c="dimmed" py="md">
      {children}
    </Text>
  );
}
