import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { ChevronDown, CircleDot, CirclePause, Keyboard, Library, LogOut, Moon, RefreshCw, Search, Settings, ShieldCheck, Sun, User } from "lucide-react";
import { useState } from "react";

import { signOut } from "@/api/me";
import { projectsQuery } from "@/api/projects";
import type { Me } from "@/api/types";
import { formatCount } from "@/base/numbers";
import { useFeedState } from "@/model/live";
import { useSession } from "@/model/session";
import { useShortcut } from "@/model/shortcuts";
import { useTheme, type ThemeChoice } from "@/model/theme";
import { Button, IconButton, Kbd, SearchInput, Segments } from "@/widgets/controls";
import { Menu, MenuHeading, MenuItem, MenuSeparator, Popover } from "@/widgets/overlays";

import styles from "./shell.module.css";
import { PROJECT_TABS } from "./tabs";

export function Header({ me, onPalette, onKeys }: { me: Me; onPalette: () => void; onKeys: () => void }) {
  const { entity, project } = useParams({ strict: false });
  return (
    <header className={styles["header"]}>
      <Link to="/" className={styles["brand"]} aria-label="Runstone, home">
        <Mark />
        <span className={styles["wide"]}>Runstone</span>
      </Link>
      {entity !== undefined && project !== undefined && (
        <>
          <span className={styles["slash"]} aria-hidden>
            /
          </span>
          <ProjectSwitcher entity={entity} project={project} />
          <nav aria-label="Project" className={styles["tabs"]}>
            {PROJECT_TABS.map((tab) => (
              <Tab key={tab.name} tab={tab} entity={entity} project={project} />
            ))}
          </nav>
        </>
      )}
      <span className={styles["gap"]} />
      <LiveState />
      <Button className={styles["find"] ?? ""} onClick={onPalette} title="Find a page, run, metric or action">
        <Search size={14} aria-hidden />
        <span className={styles["wide"]}>Find</span> <Kbd>Ctrl K</Kbd>
      </Button>
      <ThemeButton />
      <UserMenu me={me} onKeys={onKeys} />
    </header>
  );
}

function Tab({ tab, entity, project }: { tab: (typeof PROJECT_TABS)[number]; entity: string; project: string }) {
  const navigate = useNavigate();
  useShortcut(tab.keys, `Go to ${tab.name.toLowerCase()}`, "Go to", () => {
    void navigate({ to: tab.to, params: { entity, project } });
  });
  return (
    <Link to={tab.to} params={{ entity, project }} activeOptions={{ includeSearch: false }}>
      {tab.name}
    </Link>
  );
}

function Mark() {
  return (
    <svg width="20" height="20" viewBox="0 0 32 32" aria-hidden>
      <rect x="2" y="2" width="28" height="28" rx="6" fill="var(--accent)" />
      <path
        d="M7 23 L12 12 L16.5 18 L20 9 L25 23"
        fill="none"
        stroke="var(--on-accent)"
        strokeWidth="2.6"
        strokeLinejoin="round"
        strokeLinecap="round"
      />
    </svg>
  );
}

function ProjectSwitcher({ entity, project }: { entity: string; project: string }) {
  const [open, setOpen] = useState(false);
  return (
    <Popover
      label="Projects"
      open={open}
      onOpenChange={setOpen}
      trigger={
        <Button tone="quiet" className={styles["crumb"] ?? ""} title={`${entity} / ${project}`}>
          <span>
            {entity} / {project}
          </span>
          <ChevronDown size={14} aria-hidden />
        </Button>
      }
    >
      <ProjectList onChosen={() => setOpen(false)} />
    </Popover>
  );
}

function ProjectList({ onChosen }: { onChosen: () => void }) {
  const [search, setSearch] = useState("");
  const projects = useInfiniteQuery(projectsQuery(search));
  const rows = projects.data?.pages.flatMap((page) => page.projects) ?? [];
  return (
    <>
      <SearchInput label="Find a project" value={search} onChange={(event) => setSearch(event.target.value)} autoFocus />
      <div className={styles["projects"]}>
        {rows.map((one) => (
          <Link
            key={one.id}
            to="/$entity/$project/workspace"
            params={{ entity: one.entity, project: one.name }}
            onClick={onChosen}
          >
            <span>
              {one.entity} / {one.name}
            </span>
            <span>{formatCount(one.run_count)}</span>
          </Link>
        ))}
        {projects.hasNextPage && (
          <Button small tone="quiet" onClick={() => void projects.fetchNextPage()}>
            More projects
          </Button>
        )}
        {projects.isSuccess && rows.length === 0 && <span>No project matches.</span>}
      </div>
    </>
  );
}

const LIVE_WORDS = {
  live: { icon: CircleDot, title: "Changes show as they happen" },
  reconnecting: { icon: RefreshCw, title: "The connection for live changes was lost; trying again" },
  polling: { icon: RefreshCw, title: "No live connection: read again every 5 seconds" },
  paused: { icon: CirclePause, title: "This tab is hidden, so it does not listen" },
} as const;

function LiveState() {
  const state = useFeedState((feed) => feed.state);
  const { icon: Icon, title } = LIVE_WORDS[state];
  return (
    <span className={styles["live"]} data-state={state} role="status" title={title}>
      <Icon size={13} aria-hidden />
      {state}
    </span>
  );
}

function ThemeButton() {
  const theme = useTheme((state) => state.theme);
  const toggle = useTheme((state) => state.toggle);
  const next = theme === "dark" ? "light" : "dark";
  return (
    <IconButton label={`Switch to the ${next} theme`} onClick={toggle}>
      {theme === "dark" ? <Sun size={16} aria-hidden /> : <Moon size={16} aria-hidden />}
    </IconButton>
  );
}

const THEMES: readonly { value: ThemeChoice; label: string }[] = [
  { value: "system", label: "System" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
];

function UserMenu({ me, onKeys }: { me: Me; onKeys: () => void }) {
  const queryClient = useQueryClient();
  const { choice, choose } = useTheme();
  const leave = async () => {
    await signOut();
    queryClient.clear();
    useSession.setState({ signedOut: true });
  };
  return (
    <Menu
      align="end"
      trigger={
        <IconButton label={`Signed in as ${me.username}`}>
          <User size={16} aria-hidden />
        </IconButton>
      }
    >
      <MenuHeading>
        Signed in as {me.username}
        {me.may.admin.allowed ? " (server admin)" : ""}
        {!me.may.write.allowed && " (may only read)"}
      </MenuHeading>
      <div style={{ padding: "4px 8px" }}>
        <Segments label="Theme" options={THEMES} value={choice} onChoose={choose} />
      </div>
      <MenuSeparator />
      <MenuItem asChild>
        <Link to="/settings">
          <Settings size={14} aria-hidden /> Settings and keys
        </Link>
      </MenuItem>
      <MenuItem asChild>
        <Link to="/registry">
          <Library size={14} aria-hidden /> Registry
        </Link>
      </MenuItem>
      <MenuItem asChild>
        <Link to="/admin">
          <ShieldCheck size={14} aria-hidden /> Admin
        </Link>
      </MenuItem>
      <MenuItem onSelect={onKeys}>
        <Keyboard size={14} aria-hidden /> Keys
      </MenuItem>
      <MenuSeparator />
      <MenuItem onSelect={() => void leave()}>
        <LogOut size={14} aria-hidden /> Sign out
      </MenuItem>
    </Menu>
  );
}
