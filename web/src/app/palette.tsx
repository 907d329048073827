/** Ctrl/Cmd K: pages, projects, runs, metrics and every action that has a key. */

import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { Command } from "cmdk";
import { Activity, ChartLine, CornerDownRight, Folder, type LucideIcon } from "lucide-react";
import { Dialog } from "radix-ui";
import { useDeferredValue, useState, type ReactNode } from "react";

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

interface Choice {
  value: string;
  icon: LucideIcon;
  text: string;
  note?: ReactNode;
  act: () => void;
}

function PaletteBody({ close }: { close: () => void }) {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState("");
  const search = useDeferredValue(text.trim());
  const groups = useChoices(search);
  const choices = groups.flatMap((group) => group.choices);
  // Answers come while one types: something that is there is always chosen, so Enter always acts.
  const value = choices.some((choice) => choice.value === chosen) ? chosen : (choices[0]?.value ?? "");
  return (
    <Command shouldFilter={false} label="Find a page, run, metric or action" value={value} onValueChange={setChosen}>
      <Command.Input value={text} onValueChange={setText} placeholder="Find a page, run, metric or action" />
      <Command.List className={styles["list"]}>
        {choices.length === 0 && <Command.Empty>Nothing matches “{search}”.</Command.Empty>}
        {groups.map(
          ({ heading, choices: items }) =>
            items.length > 0 && (
              <Command.Group key={heading} heading={heading}>
                {items.map(({ value: id, icon: Icon, text: name, note, act }) => (
                  <Command.Item
                    key={id}
                    value={id}
                    onSelect={() => {
                      close();
                      // After the dialog has given the focus back, or that would undo a change of it.
                      setTimeout(act, 0);
                    }}
                  >
                    <Icon size={14} aria-hidden />
                    <span>{name}</span>
                    {note}
                  </Command.Item>
                ))}
              </Command.Group>
            ),
        )}
      </Command.List>
    </Command>
  );
}

const FEW = 6;

function useChoices(search: string): { heading: string; choices: Choice[] }[] {
  const { entity = "", project = "" } = useParams({ strict: false });
  const inProject = entity !== "" && project !== "";
  const navigate = useNavigate();
  const entries = useShortcuts((state) => state.entries);
  const projects = useInfiniteQuery({ ...projectsQuery(search), placeholderData: keepPreviousData });
  const runs = useQuery({
    queryKey: ["palette-runs", entity, project, search],
    queryFn: ({ signal }) => queryRuns(entity, project, { search, limit: FEW, select: [] }, signal),
    enabled: inProject,
    placeholderData: keepPreviousData,
  });
  const keys = useInfiniteQuery({
    ...keysQuery(entity, project, search, FEW),
    enabled: inProject && search !== "",
    placeholderData: keepPreviousData,
  });
  const wanted = search.toLowerCase();
  const has = (name: string) => name.toLowerCase().includes(wanted);
  return [
    {
      heading: "Runs",
      choices: (inProject ? (runs.data?.runs ?? []) : []).map((run) => ({
        value: `run ${run.id}`,
        icon: Activity,
        text: run.display_name,
        note: <State state={run.state} />,
        act: () => void navigate({ to: "/$entity/$project/runs/$run", params: { entity, project, run: run.id } }),
      })),
    },
    {
      heading: "Metrics",
      choices: (inProject && search !== "" ? (keys.data?.pages[0]?.keys ?? []) : [])
        .filter((key) => has(key.name))
        .map((key) => ({
          value: `key ${key.name}`,
          icon: ChartLine,
          text: key.name,
          act: () =>
            void navigate({
              to: "/$entity/$project/workspace",
              params: { entity, project },
              search: { find: key.name },
            }),
        })),
    },
    {
      heading: "Pages and actions",
      choices: [...entries.values()]
        .filter((entry) => entry.keys !== "mod+k" && has(entry.label))
        .map((entry) => ({
          value: `do ${entry.group} ${entry.label}`,
          icon: CornerDownRight,
          text: entry.label,
          note: entry.keys !== "" && (
            <span className={styles["hint"]}>
              {keyWords(entry.keys).map((key, at) => (
                <Kbd key={at}>{key}</Kbd>
              ))}
            </span>
          ),
          act: entry.run,
        })),
    },
    {
      heading: "Projects",
      choices: (projects.data?.pages[0]?.projects ?? []).slice(0, FEW).map((one) => ({
        value: `project ${one.id}`,
        icon: Folder,
        text: `${one.entity} / ${one.name}`,
        act: () =>
          void navigate({ to: "/$entity/$project/workspace", params: { entity: one.entity, project: one.name } }),
      })),
    },
  ];
}
