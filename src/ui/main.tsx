import "@mantine/core/styles.css";
import "./styles.css";
import { createTheme, type CSSVariablesResolver, MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiError } from "./api/client.ts";
import { router } from "./router.tsx";

const RETRIES_MAX = 2;

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // What is refused stays refused; a service that is away comes back.
      retry: (count, error) =>
        count < RETRIES_MAX && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
      staleTime: 1_000,
      // Asked also when the browser thinks that there is no network: a failure is said, a pause is not.
      networkMode: "always",
    },
  },
});

// Dark enough, and light enough, for small text (WCAG 1.4.3): Mantine's own are not.
const theme = createTheme({ primaryColor: "indigo", primaryShade: 8, respectReducedMotion: true });
const readable: CSSVariablesResolver = () => ({
  variables: {},
  light: { "--mantine-color-dimmed": "#5c636b", "--mantine-color-anchor": "#364fc7" },
  dark: { "--mantine-color-dimmed": "#b3b8bf", "--mantine-color-anchor": "#a5b8ff" },
});

/** Styles that are made while the page runs need it: the policy lets no others in. */
const nonce = document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.content ?? "";

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no place for its content");
createRoot(root).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={readable}
      defaultColorScheme="auto"
      getStyleNonce={() => nonce}
    >
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
