/** Ctrl/Cmd K: pages, projects, runs, metrics and every action that has a key. */

import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { Command } from "cmdk";
import { ChartLine, CornerDownRight, Folder, Activity } from "lucide-react";
import { Dialog } from "radix-ui";
import { useDeferredValue, useState } from "react";

import { keysQuery } from "@/api/keys";
import { projectsQuery } from "@/api/projects";
import { queryRuns } from "@/api/runs";
import { useShortcuts } from "@/model/shortcuts";
import { Kbd } from "@/widgets/controls";
import { State } from "@/widgets/values";

import { keyWords } from "./key-list";
import styles from "./palette.module.css";

export function Palette({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className={styles["veil"]} />
        <Dialog.Content className={styles["dialog"]} aria-describedby={undefined}>
          <Dialog.Title className="visually-hidden">Find</Dialog.Title>
          <PaletteBody close={() => onOpenChange(false)} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function PaletteBody({ close }: { close: () => void }) {
  const [text, setText] = useState("");
  const search = useDeferredValue(text.trim());
  const { entity, project } = useParams({ strict: false });
  const navigate = useNavigate();
  const entries = useShortcuts((state) => state.entries);
  const projects = useInfiniteQuery(projectsQuery(search));
  const inProject = entity !== undefined && project !== undefined;
  const runs = useQuery({
    queryKey: ["palette-runs", entity, project, search],
    queryFn: ({ signal }) =>
      queryRuns(entity ?? "", project ?? "", { search, limit: 6, select: [], order: ["-created_at"] }, signal),
    enabled: inProject,
  });
  const keys = useInfiniteQuery({ ...keysQuery(entity ?? "", project ?? "", search, 6), enabled: inProject && search !== "" });
  const go = (act: () => void) => () => {
    close();
    // After the dialog has given the focus back, or a focus change would be undone by it.
    setTimeout(act, 0);
  };
  const wanted = search.toLowerCase();
  const actions = [...entries.values()].filter(
    (entry) => entry.keys !== "mod+k" && entry.label.toLowerCase().includes(wanted),
  );
  return (
    <Command shouldFilter={false} label="Find a page, run, metric or action">
      <Command.Input value={text} onValueChange={setText} placeholder="Find a page, run, metric or action" />
      <Command.List className={styles["list"]}>
        <Command.Empty>Nothing matches “{search}”.</Command.Empty>
        {inProject && (runs.data?.runs.length ?? 0) > 0 && (
          <Command.Group heading="Runs">
            {runs.data?.runs.map((run) => (
              <Command.Item
                key={run.id}
                value={`run ${run.id}`}
                onSelect={go(() => {
                  void navigate({ to: ".", search: (old: object) => ({ ...old, q: run.id }) } as never);
                })}
              >
                <Activity size={14} aria-hidden />
                <span>{run.display_name}</span>
                <State state={run.state} />
              </Command.Item>
            ))}
          </Command.Group>
        )}
        {inProject && (keys.data?.pages[0]?.keys.length ?? 0) > 0 && (
          <Command.Group heading="Metrics">
            {keys.data?.pages[0]?.keys.map((key) => (
              <Command.Item
                key={key.name}
                value={`key ${key.name}`}
                onSelect={go(() => {
                  void navigate({ to: "/$entity/$project/workspace", params: { entity, project }, search: { find: key.name } });
                })}
              >
                <ChartLine size={14} aria-hidden />
                <span>{key.name}</span>
              </Command.Item>
            ))}
          </Command.Group>
        )}
        {actions.length > 0 && (
          <Command.Group heading="Actions">
            {actions.map((entry) => (
              <Command.Item key={`${entry.group} ${entry.label}`} value={`do ${entry.group} ${entry.label}`} onSelect={go(entry.run)}>
                <CornerDownRight size={14} aria-hidden />
                <span>{entry.label}</span>
                <span className={styles["hint"]}>
                  {entry.keys !== "" && keyWords(entry.keys).map((key, at) => <Kbd key={at}>{key}</Kbd>)}
                </span>
              </Command.Item>
            ))}
          </Command.Group>
        )}
        {(projects.data?.pages[0]?.projects.length ?? 0) > 0 && (
          <Command.Group heading="Projects">
            {projects.data?.pages[0]?.projects.slice(0, 8).map((one) => (
              <Command.Item
                key={one.id}
                value={`project ${one.id}`}
                onSelect={go(() => {
                  void navigate({ to: "/$entity/$project/workspace", params: { entity: one.entity, project: one.name } });
                })}
              >
                <Folder size={14} aria-hidden />
                <span>
                  {one.entity} / {one.name}
                </span>
              </Command.Item>
            ))}
          </Command.Group>
        )}
      </Command.List>
    </Command>
  );
}
