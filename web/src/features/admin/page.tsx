/** Who can do what, and how the server is. For server admins. */

import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound, UserMinus } from "lucide-react";
import { useState, type SyntheticEvent } from "react";

import {
  createOrganization,
  createTeam,
  createUser,
  createUserKey,
  deleteUser,
  healthQuery,
  membersQuery,
  removeMember,
  setMember,
  usersQuery,
  type User,
} from "@/api/accounts";
import { meQuery } from "@/api/me";
import type { Me, Right, Role } from "@/api/types";
import { formatBytes, formatCount } from "@/base/numbers";
import { formatDuration } from "@/base/time";
import { toast } from "@/model/toasts";
import { Button, Checkbox, Field, IconButton, SearchInput, Select, TextInput } from "@/widgets/controls";
import { describeError, Empty, ErrorPanel, Skeleton } from "@/widgets/feedback";
import { Facts } from "@/widgets/facts";
import form from "@/widgets/form-page.module.css";
import { Confirm } from "@/widgets/overlays";
import { SecretOnce } from "@/widgets/secret";
import { Time } from "@/widgets/values";

import styles from "./page.module.css";

const failed = (error: unknown) => toast(describeError(error).message, { tone: "bad" });

export function AdminPage() {
  const me = useQuery(meQuery);
  if (!me.data) return <Skeleton height={200} />;
  return (
    <div className={`${form["page"]} ${styles["page"]}`}>
      <title>Admin · Runstone</title>
      <h1>Admin</h1>
      <p className={form["quiet"]}>
        You are {me.data.username}
        {me.data.is_admin ? ", admin of this server." : "."}
      </p>
      {me.data.may.admin.allowed ? (
        <>
          <Server />
          <Users me={me.data} />
        </>
      ) : (
        <Empty title="Users and health are for server admins">
          <p>{me.data.may.admin.reason} Below are the teams you belong to.</p>
        </Empty>
      )}
      <Teams me={me.data} />
    </div>
  );
}

function Server() {
  const health = useQuery(healthQuery);
  if (health.error) {
    return <ErrorPanel what="The server’s health could not be read" error={health.error} onRetry={() => void health.refetch()} />;
  }
  const data = health.data;
  if (!data) return <Skeleton height={120} />;
  const size = (bytes: number | null) => (bytes === null ? undefined : formatBytes(bytes));
  return (
    <section className={form["section"]} aria-labelledby="server">
      <h2 id="server">Server</h2>
      <Facts
        facts={[
          { name: "Version", value: data.version },
          { name: "Running for", value: formatDuration(data.uptime_seconds) },
          { name: "Database", value: data.database },
          { name: "Runs", value: `${formatCount(data.runs)}, ${formatCount(data.live_runs)} of them live` },
          { name: "Records", value: size(data.storage.records_bytes) },
          { name: "History", value: size(data.storage.history_bytes) },
          { name: "Files", value: size(data.storage.blobs_bytes) },
        ]}
      />
    </section>
  );
}

function Users({ me }: { me: Me }) {
  const [search, setSearch] = useState("");
  const [leaving, setLeaving] = useState<User | null>(null);
  const [shown, setShown] = useState<{ label: string; key: string } | null>(null);
  const users = useInfiniteQuery(usersQuery(search));
  const queryClient = useQueryClient();
  const changed = () => queryClient.invalidateQueries({ queryKey: ["users"] });
  const remove = useMutation({
    mutationFn: (user: User) => deleteUser(user.username),
    onSuccess: () => {
      toast("The account is gone; its runs stay", { tone: "ok" });
      void changed();
    },
    onError: failed,
  });
  const giveKey = useMutation({
    mutationFn: (user: User) => createUserKey(user.username),
    onSuccess: (made, user) => setShown({ label: `Key of ${user.username}`, key: made.key }),
    onError: failed,
  });
  const rows = users.data?.pages.flatMap((page) => page.users) ?? [];
  return (
    <section className={form["section"]} aria-labelledby="users">
      <h2 id="users">Users</h2>
      <NewUser
        onMade={(username, key) => {
          if (key) setShown({ label: `Key of ${username}`, key });
          void changed();
        }}
      />
      {shown && <SecretOnce label={shown.label} secret={shown.key} onClose={() => setShown(null)} />}
      <SearchInput label="Find a user" value={search} onChange={(event) => setSearch(event.target.value)} />
      {users.error && <ErrorPanel what="The users could not be read" error={users.error} onRetry={() => void users.refetch()} />}
      <table className={styles["table"]}>
        <thead>
          <tr>
            <th>User</th>
            <th>E-mail</th>
            <th>Role</th>
            <th>Since</th>
            <th>
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((user) => (
            <tr key={user.username} data-deleted={user.deleted}>
              <td>
                {user.username}
                {user.deleted && " (left)"}
              </td>
              <td>{user.email}</td>
              <td>{user.is_admin ? "server admin" : user.is_service ? "service" : "user"}</td>
              <td>
                <Time at={user.created_at} />
              </td>
              <td>
                {!user.deleted && (
                  <>
                    <IconButton small label={`New key for ${user.username}`} onClick={() => giveKey.mutate(user)}>
                      <KeyRound size={14} aria-hidden />
                    </IconButton>
                    <IconButton
                      small
                      label={`Delete ${user.username}`}
                      disabled={user.username === me.username}
                      onClick={() => setLeaving(user)}
                    >
                      <UserMinus size={14} aria-hidden />
                    </IconButton>
                  </>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {users.isSuccess && rows.length === 0 && <p className={form["quiet"]}>No user matches.</p>}
      {users.hasNextPage && (
        <Button small onClick={() => void users.fetchNextPage()}>
          More users
        </Button>
      )}
      <Confirm
        open={leaving !== null}
        onOpenChange={(open) => {
          if (!open) setLeaving(null);
        }}
        title={`Delete the user ${leaving?.username ?? ""}?`}
        action="Delete the user"
        onConfirm={() => {
          if (leaving) remove.mutate(leaving);
        }}
      >
        Keys and sessions end at once. Runs stay where they are, shown as by a former member.
      </Confirm>
    </section>
  );
}

function NewUser({ onMade }: { onMade: (username: string, key: string | null | undefined) => void }) {
  const [username, setUsername] = useState("");
  const [email, setEmail] = useState("");
  const [admin, setAdmin] = useState(false);
  const make = useMutation({
    mutationFn: () => createUser({ username: username.trim(), email: email.trim(), admin, service: false }),
    onSuccess: (user) => {
      onMade(user.username, user.api_key);
      setUsername("");
      setEmail("");
      setAdmin(false);
    },
    onError: failed,
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    make.mutate();
  };
  return (
    <form className={`${form["row"]} ${styles["row"]}`} onSubmit={submit}>
      <Field label="User name">
        <TextInput value={username} onChange={(event) => setUsername(event.target.value)} required maxLength={128} />
      </Field>
      <Field label="E-mail">
        <TextInput type="email" value={email} onChange={(event) => setEmail(event.target.value)} />
      </Field>
      <Checkbox label="Server admin" checked={admin} onChange={(event) => setAdmin(event.target.checked)} />
      <Button type="submit" tone="primary" disabled={username.trim() === "" || make.isPending}>
        Add the user
      </Button>
    </form>
  );
}

const ROLES: readonly { value: Role; label: string }[] = [
  { value: "viewer", label: "viewer" },
  { value: "member", label: "member" },
  { value: "admin", label: "admin" },
];

function Teams({ me }: { me: Me }) {
  const teams = me.entities.filter((one) => one.kind !== "user");
  const [open, setOpen] = useState<string | null>(null);
  return (
    <section className={form["section"]} aria-labelledby="teams">
      <h2 id="teams">Organisations and teams</h2>
      {me.may.admin.allowed && <NewTeam me={me} />}
      {teams.length === 0 && <p className={form["quiet"]}>You belong to none yet.</p>}
      <ul className={form["list"]}>
        {teams.map((team) => (
          <li key={team.name}>
            <button
              type="button"
              className={styles["open"]}
              aria-expanded={open === team.name}
              onClick={() => setOpen(open === team.name ? null : team.name)}
            >
              {team.name}
            </button>
            <span>{team.kind}</span>
            <span>you: {team.role}</span>
            {open === team.name && <Members entity={team.name} may={team.may.manage} />}
          </li>
        ))}
      </ul>
    </section>
  );
}

function NewTeam({ me }: { me: Me }) {
  const organizations = me.entities.filter((one) => one.kind === "organization");
  const [name, setName] = useState("");
  const [inside, setInside] = useState("");
  const queryClient = useQueryClient();
  const make = useMutation({
    mutationFn: () =>
      inside === "" ? createOrganization(name.trim(), me.username) : createTeam(name.trim(), inside, me.username),
    onSuccess: () => {
      setName("");
      void queryClient.invalidateQueries({ queryKey: meQuery.queryKey });
    },
    onError: failed,
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    make.mutate();
  };
  return (
    <form className={`${form["row"]} ${styles["row"]}`} onSubmit={submit}>
      <Field label="Name">
        <TextInput value={name} onChange={(event) => setName(event.target.value)} required maxLength={128} />
      </Field>
      <Field label="What">
        <Select
          label="What to add"
          options={[
            { value: "", label: "a new organisation" },
            ...organizations.map((one) => ({ value: one.name, label: `a team in ${one.name}` })),
          ]}
          value={inside}
          onChoose={setInside}
        />
      </Field>
      <Button type="submit" disabled={name.trim() === "" || make.isPending}>
        Add
      </Button>
    </form>
  );
}

function Members({ entity, may }: { entity: string; may: Right }) {
  const members = useQuery(membersQuery(entity));
  const [username, setUsername] = useState("");
  const [role, setRole] = useState<Role>("member");
  const queryClient = useQueryClient();
  const changed = () => queryClient.invalidateQueries({ queryKey: ["members", entity] });
  const set = useMutation({
    mutationFn: (one: { username: string; role: Role }) => setMember(entity, one.username, one.role),
    onSuccess: () => {
      setUsername("");
      void changed();
    },
    onError: failed,
  });
  const remove = useMutation({
    mutationFn: (name: string) => removeMember(entity, name),
    onSuccess: () => void changed(),
    onError: failed,
  });
  if (members.error) return <ErrorPanel what="The members could not be read" error={members.error} />;
  return (
    <div className={styles["members"]}>
      {members.data?.members.map((one) => (
        <div key={one.username} className={styles["member"]}>
          <span>{one.username}</span>
          {may.allowed ? (
            <Select
              label={`Role of ${one.username}`}
              options={ROLES}
              value={one.role}
              onChoose={(next) => set.mutate({ username: one.username, role: next })}
            />
          ) : (
            <span>{one.role}</span>
          )}
          {may.allowed && (
            <IconButton small label={`Remove ${one.username} from ${entity}`} onClick={() => remove.mutate(one.username)}>
              <UserMinus size={14} aria-hidden />
            </IconButton>
          )}
        </div>
      ))}
      {may.allowed && (
        <form
          className={`${form["row"]} ${styles["row"]}`}
          onSubmit={(event) => {
            event.preventDefault();
            set.mutate({ username: username.trim(), role });
          }}
        >
          <TextInput
            aria-label={`User to add to ${entity}`}
            placeholder="User name"
            value={username}
            onChange={(event) => setUsername(event.target.value)}
          />
          <Select label="Role" options={ROLES} value={role} onChoose={setRole} />
          <Button small type="submit" disabled={username.trim() === ""}>
            Add member
          </Button>
        </form>
      )}
      {!may.allowed && <p className={form["quiet"]}>{may.reason}</p>}
    </div>
  );
}
