/** The one place that builds the query cache, the feed and the router, and hands them out. */

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";

import { ApiError, whenRefused, whenSignedOut } from "@/api/request";
import { useSession } from "@/model/session";

import { router } from "./router";

const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // The feed says what changed, so nothing is re-read on focus or by age alone.
      staleTime: 30_000,
      gcTime: 5 * 60_000,
      refetchOnWindowFocus: false,
      retry: (count, error) => error instanceof ApiError && (error.offline || error.status === 503) && count < 3,
      retryDelay: (count) => Math.min(8000, 500 * 2 ** count),
    },
  },
});

whenSignedOut(() => useSession.setState({ signedOut: true }));
whenRefused(() => {
  for (const rights of ["me", "project", "registry", "registries", "views", "view", "entity"]) void queryClient.invalidateQueries({ queryKey: [rights] });
});

export function App() {
  return (
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  );
}
