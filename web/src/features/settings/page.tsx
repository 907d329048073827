/** One's own account: who one is, keys, and how to connect. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { KeyRound, Trash2 } from "lucide-react";
import { useState, type SyntheticEvent } from "react";

import { createKey, deleteKey, myKeysQuery, updateMe, type ApiKey } from "@/api/accounts";
import { meQuery } from "@/api/me";
import type { Me, Right } from "@/api/types";
import { useTheme, type ThemeChoice } from "@/model/theme";
import { toast } from "@/model/toasts";
import { Button, Field, IconButton, Segments, Select, TextInput } from "@/widgets/controls";
import { CodeBlock, describeError, ErrorPanel, Skeleton } from "@/widgets/feedback";
import { Facts } from "@/widgets/facts";
import { Confirm } from "@/widgets/overlays";
import { SecretOnce } from "@/widgets/secret";
import { Time } from "@/widgets/values";

import styles from "@/widgets/form-page.module.css";

import { EntityRetention } from "./entity-retention";
import { EntityStorage } from "./entity-storage";

const LIFETIMES = [
  { value: "", label: "Never expires" },
  { value: "30", label: "Expires in 30 days" },
  { value: "90", label: "Expires in 90 days" },
  { value: "365", label: "Expires in a year" },
] as const;

const RIGHTS = [
  { value: "all", label: "All of my rights" },
  { value: "read", label: "May only read" },
] as const;

const THEMES: readonly { value: ThemeChoice; label: string }[] = [
  { value: "system", label: "As the system" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
];

export function SettingsPage() {
  const me = useQuery(meQuery);
  const { entity } = useSearch({ from: "/settings" });
  const navigate = useNavigate({ from: "/settings" });
  if (!me.data) return <Skeleton height={200} />;
  const onEntity = (name: string) => void navigate({ search: { entity: name }, replace: true });
  return (
    <div className={styles["page"]}>
      <title>Settings · Runstone</title>
      <h1>Settings</h1>
      <Profile me={me.data} key={me.data.username} />
      <Keys may={me.data.may.write} />
      <Connect me={me.data} />
      <EntityRetention me={me.data} entity={entity} onEntity={onEntity} />
      <EntityStorage me={me.data} entity={entity} onEntity={onEntity} />
      <Look />
    </div>
  );
}

function Profile({ me }: { me: Me }) {
  const [name, setName] = useState(me.display_name);
  const [email, setEmail] = useState(me.email);
  const [entity, setEntity] = useState(me.default_entity);
  const queryClient = useQueryClient();
  const save = useMutation({
    mutationFn: () => updateMe({ display_name: name.trim(), email: email.trim(), default_entity: entity }),
    onSuccess: (changed) => {
      queryClient.setQueryData(meQuery.queryKey, changed);
      toast("Saved", { tone: "ok" });
    },
    onError: (error) => toast(describeError(error).message, { tone: "bad" }),
  });
  const changed = name.trim() !== me.display_name || email.trim() !== me.email || entity !== me.default_entity;
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (me.may.write.allowed) save.mutate();
  };
  return (
    <section className={styles["section"]} aria-labelledby="profile">
      <h2 id="profile">You</h2>
      <Facts
        facts={[
          { name: "User name", value: me.username, copy: me.username },
          {
            name: "Role",
            value: `${me.is_admin ? "admin of this server" : "user"}${me.read_only ? "; signed in with a key that may only read" : ""}`,
          },
          {
            name: "Teams",
            value: me.entities
              .filter((one) => one.kind !== "user")
              .map((one) => `${one.name} (${one.role})`)
              .join(", "),
          },
        ]}
      />
      <form className={styles["form"]} onSubmit={submit}>
        <Field label="Name">
          <TextInput value={name} onChange={(event) => setName(event.target.value)} maxLength={128} />
        </Field>
        <Field label="E-mail">
          <TextInput type="email" value={email} onChange={(event) => setEmail(event.target.value)} maxLength={254} />
        </Field>
        <Field label="Runs without an entity go to">
          <Select
            label="Default entity"
            options={me.entities.filter((one) => one.may.write.allowed || one.name === me.default_entity).map((one) => ({ value: one.name, label: one.name }))}
            value={entity}
            onChoose={setEntity}
          />
        </Field>
        <Button type="submit" tone="primary" may={me.may.write} disabled={!changed || save.isPending}>
          Save
        </Button>
      </form>
    </section>
  );
}

function Keys({ may }: { may: Right }) {
  const keys = useQuery(myKeysQuery);
  const [name, setName] = useState("");
  const [lifetime, setLifetime] = useState<(typeof LIFETIMES)[number]["value"]>("");
  const [rights, setRights] = useState<(typeof RIGHTS)[number]["value"]>("all");
  const [leaving, setLeaving] = useState<ApiKey | null>(null);
  const queryClient = useQueryClient();
  const changed = () => queryClient.invalidateQueries({ queryKey: myKeysQuery.queryKey });
  const make = useMutation({
    mutationFn: () =>
      createKey(name.trim(), lifetime === "" ? null : Date.now() / 1000 + Number(lifetime) * 86400, rights === "read"),
    onSuccess: () => {
      setName("");
      void changed();
    },
    onError: (error) => toast(describeError(error).message, { tone: "bad" }),
  });
  const remove = useMutation({
    mutationFn: (key: ApiKey) => deleteKey(key.id),
    onSuccess: () => {
      toast("The key no longer works", { tone: "ok" });
      void changed();
    },
    onError: (error) => toast(describeError(error).message, { tone: "bad" }),
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (may.allowed) make.mutate();
  };
  return (
    <section className={styles["section"]} aria-labelledby="keys">
      <h2 id="keys">API keys</h2>
      <p className={styles["quiet"]}>
        A key signs in scripts, the command line and this page. It is shown once, when it is made; the server keeps only
        its digest.
      </p>
      {make.data && <SecretOnce label={`Key ${make.data.name}`} secret={make.data.key} onClose={() => make.reset()} />}
      {keys.error && <ErrorPanel what="The keys could not be read" error={keys.error} onRetry={() => void keys.refetch()} />}
      <ul className={styles["list"]}>
        {keys.data?.keys.map((key) => (
          <li key={key.id}>
            <KeyRound size={14} aria-hidden />
            <strong>{key.name === "" ? "unnamed" : key.name}</strong>
            <code>…{key.hint}</code>
            {key.read_only && <span>may only read</span>}
            <span>
              made <Time at={key.created_at} />
            </span>
            <span>{key.last_used_at === null ? "never used" : <>used <Time at={key.last_used_at} /></>}</span>
            <span>{key.expires_at === null ? "does not expire" : <>expires {new Date(key.expires_at * 1000).toLocaleDateString()}</>}</span>
            {may.allowed && (
              <IconButton small label={`Delete key ${key.name === "" ? key.hint : key.name}`} onClick={() => setLeaving(key)}>
                <Trash2 size={14} aria-hidden />
              </IconButton>
            )}
          </li>
        ))}
      </ul>
      <form className={styles["row"]} onSubmit={submit}>
        <TextInput
          aria-label="Name of the new key"
          placeholder="What it is for"
          value={name}
          onChange={(event) => setName(event.target.value)}
          maxLength={128}
        />
        <Select label="Lifetime" options={LIFETIMES} value={lifetime} onChoose={setLifetime} />
        <Select label="Rights" options={RIGHTS} value={rights} onChoose={setRights} />
        <Button type="submit" tone="primary" may={may} disabled={make.isPending}>
          Make a key
        </Button>
      </form>
      <Confirm
        open={leaving !== null}
        onOpenChange={(open) => {
          if (!open) setLeaving(null);
        }}
        title={`Delete the key …${leaving?.hint ?? ""}?`}
        action="Delete the key"
        onConfirm={() => {
          if (leaving) remove.mutate(leaving);
        }}
      >
        What uses it is refused from now on. Runs that log with it keep their data on their own disk until they are given
        another key.
      </Confirm>
    </section>
  );
}

function Connect({ me }: { me: Me }) {
  const url = me.server.base_url === "" ? new URL(document.baseURI).href.replace(/\/$/, "") : me.server.base_url;
  return (
    <section className={styles["section"]} aria-labelledby="connect">
      <h2 id="connect">Connect</h2>
      <p className={styles["quiet"]}>From another machine, for Runstone’s own client and the published wandb client alike:</p>
      <CodeBlock label="command to connect" code={`runstone login ${url}`} />
      <p className={styles["quiet"]}>or, for scripts that say import wandb:</p>
      <CodeBlock label="variables for wandb" code={`export WANDB_BASE_URL=${url}\nexport WANDB_API_KEY=…`} />
    </section>
  );
}

function Look() {
  const { choice, choose } = useTheme();
  return (
    <section className={styles["section"]} aria-labelledby="look">
      <h2 id="look">Theme</h2>
      <Segments label="Theme" options={THEMES} value={choice} onChoose={choose} />
    </section>
  );
}
