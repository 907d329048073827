/** The frame of every page: header, banners, skip link, dialogs, and who is signed in. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import {
  Link,
  Navigate,
  Outlet,
  useNavigate,
  useParams,
  useRouter,
  type ErrorComponentProps,
} from "@tanstack/react-router";
import { useEffect, useState } from "react";

import { meQuery } from "@/api/me";
import { ApiError } from "@/api/request";
import type { Me } from "@/api/types";
import { SignIn } from "@/features/signin/page";
import { useConnection } from "@/model/connection";
import { useSession } from "@/model/session";
import { listenForKeys, useShortcut } from "@/model/shortcuts";
import { useTheme } from "@/model/theme";
import { Button } from "@/widgets/controls";
import { Empty, ErrorBoundary, ErrorPanel, Skeleton } from "@/widgets/feedback";
import { Toaster } from "@/widgets/overlays";

import { Header } from "./header";
import { KeyList } from "./key-list";
import { useLiveData } from "./live";
import { Palette } from "./palette";
import styles from "./shell.module.css";

export function Root() {
  const me = useQuery(meQuery);
  const signedOut = useSession((state) => state.signedOut);
  useEffect(listenForKeys, []);
  const unknown = signedOut || (me.error instanceof ApiError && me.error.status === 401);
  if (unknown) {
    return (
      <>
        <SignIn />
        <Toaster />
      </>
    );
  }
  if (me.data) return <Shell me={me.data} />;
  if (me.error) {
    return <ErrorPanel what="Runstone could not start" error={me.error} onRetry={() => void me.refetch()} />;
  }
  return (
    <div className={styles["loading"]}>
      <Skeleton height={44} />
      <Skeleton width="40%" height={28} />
      <Skeleton height={240} />
    </div>
  );
}

function Shell({ me }: { me: Me }) {
  const [palette, setPalette] = useState(false);
  const [keys, setKeys] = useState(false);
  const toggleTheme = useTheme((state) => state.toggle);
  const navigate = useNavigate();
  useLiveData();
  useShortcut("mod+k", "Find a page, run, metric or action", "Everywhere", () => setPalette(true));
  useShortcut("?", "List of keys", "Everywhere", () => setKeys(true));
  useShortcut("t", "Switch between light and dark", "Everywhere", toggleTheme);
  useShortcut("g h", "Go to home", "Go to", () => void navigate({ to: "/" }));
  useShortcut("g e", "Go to the registry", "Go to", () => void navigate({ to: "/registry" }));
  useShortcut("", "Go to settings", "Go to", () => void navigate({ to: "/settings" }));
  useShortcut("", "Go to admin", "Go to", () => void navigate({ to: "/admin" }), me.may.admin.allowed);
  return (
    <div className={styles["shell"]}>
      <a className={styles["skip"]} href="#main" onClick={skipToMain}>
        Skip to the content
      </a>
      <Header me={me} onPalette={() => setPalette(true)} onKeys={() => setKeys(true)} />
      <Banner />
      <main id="main" tabIndex={-1} className={styles["main"]}>
        <ErrorBoundary what="This page failed">
          <Outlet />
        </ErrorBoundary>
      </main>
      <Palette open={palette} onOpenChange={setPalette} />
      <KeyList open={keys} onOpenChange={setKeys} />
      <Toaster />
    </div>
  );
}

/** Not a link to `#main`: with a <base href> that would leave the page. */
function skipToMain(event: React.MouseEvent): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function Banner() {
  const { offline, upgraded } = useConnection();
  if (upgraded) {
    return (
      <div className={styles["banner"]} role="status">
        The server was upgraded. Reload to get the pages of the new version.
        <Button small onClick={() => location.reload()}>
          Reload
        </Button>
      </div>
    );
  }
  if (!offline) return null;
  return (
    <div className={styles["banner"]} role="status">
      The server cannot be reached. What you see stays; it is read again as soon as the server answers.
    </div>
  );
}

/**
 * Below it are the pages of a project. `-` in the place of an entity is one's own default one, as in
 * the links that clients print; it is written out, since news of a project come under its full name.
 */
export function ProjectPage() {
  const { entity } = useParams({ from: "/$entity/$project" });
  const me = useQuery(meQuery);
  const own = me.data?.default_entity ?? "";
  if (entity !== "-" || own === "") return <Outlet />;
  return <Navigate to="." params={(old: object) => ({ ...old, entity: own })} search={true} replace />;
}

export function PageMissing() {
  return (
    <Empty title="There is no page at this address">
      <p>
        <Link to="/">Go home</Link> or press <kbd>Ctrl K</kbd> to find what you look for.
      </p>
    </Empty>
  );
}

export function PageError({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const queryClient = useQueryClient();
  return (
    <ErrorPanel
      what="This page failed"
      error={error}
      onRetry={() => {
        void queryClient.resetQueries({ predicate: (query) => query.state.status === "error" });
        reset();
        void router.invalidate();
      }}
    />
  );
}
