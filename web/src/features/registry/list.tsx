/** Registries of the organisations one belongs to. */

import { useMutation, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useState, type SyntheticEvent } from "react";

import { meQuery } from "@/api/me";
import { createRegistry, registriesQuery } from "@/api/registry";
import { toast } from "@/model/toasts";
import { Button, Field, TextInput } from "@/widgets/controls";
import { describeError, Empty, ErrorPanel, Skeleton } from "@/widgets/feedback";
import { Dialog } from "@/widgets/overlays";
import { Time } from "@/widgets/values";
import table from "@/widgets/table.module.css";

import styles from "./registry.module.css";

export function RegistriesPage() {
  const me = useQuery(meQuery);
  const organizations = me.data?.entities.filter((one) => one.kind === "organization") ?? [];
  const answers = useQueries({ queries: organizations.map((one) => registriesQuery(one.name)) });
  const [making, setMaking] = useState<string | null>(null);
  if (me.isPending) return <Skeleton height={200} />;
  if (organizations.length === 0) {
    return (
      <Empty title="Registries belong to organisations">
        <p>You are not a member of one yet. An admin of this server makes organisations on the admin page.</p>
        <Link to="/admin">Admin</Link>
      </Empty>
    );
  }
  return (
    <div className={styles["page"]}>
      <title>Registry · Runstone</title>
      <h1 style={{ margin: 0 }}>Registry</h1>
      {organizations.map((one, at) => {
        const answer = answers[at];
        const rows = answer?.data?.registries ?? [];
        return (
          <section key={one.name} className={styles["section"]} aria-label={one.name}>
            <div className={styles["bar"]}>
              <h2>{one.name}</h2>
              <span className={styles["gap"]} />
              <Button small may={one.may.write} onClick={() => setMaking(one.name)}>
                <Plus size={14} aria-hidden /> New registry
              </Button>
            </div>
            {answer?.error && <ErrorPanel what="The registries could not be read" error={answer.error} onRetry={() => void answer.refetch()} />}
            {answer?.isPending && <Skeleton height={80} />}
            {answer?.isSuccess && rows.length === 0 && <p className={styles["quiet"]}>No registry yet.</p>}
            {rows.length > 0 && (
              <table className={table["table"]}>
                <thead>
                  <tr>
                    <th scope="col">Name</th>
                    <th scope="col" data-wide>
                      Takes
                    </th>
                    <th scope="col">Protected</th>
                    <th scope="col">Approvals</th>
                    <th scope="col" data-wide>
                      Changed
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {rows.map((row) => (
                    <tr key={row.name}>
                      <td>
                        <Link to="/registry/$organization/$registry" params={{ organization: row.organization, registry: row.name }}>
                          {row.name}
                        </Link>
                        {row.description !== "" && <div className={styles["quiet"]}>{row.description}</div>}
                      </td>
                      <td data-wide>{row.artifact_types.length > 0 ? row.artifact_types.join(", ") : "any type"}</td>
                      <td>{row.protected_aliases.join(", ")}</td>
                      <td>{row.approvals_needed > 0 ? `${row.approvals_needed} needed` : "none needed"}</td>
                      <td data-wide>
                        <Time at={row.updated_at} />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )}
          </section>
        );
      })}
      {making !== null && <NewRegistry organization={making} onClose={() => setMaking(null)} />}
    </div>
  );
}

function NewRegistry({ organization, onClose }: { organization: string; onClose: () => void }) {
  const [name, setName] = useState("");
  const [types, setTypes] = useState("");
  const queryClient = useQueryClient();
  const make = useMutation({
    mutationFn: () =>
      createRegistry(organization, {
        name: name.trim(),
        artifact_types: types
          .split(",")
          .map((one) => one.trim())
          .filter((one) => one !== ""),
      }),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: ["registries", organization] });
      onClose();
    },
    onError: (error) => toast(describeError(error).message, { tone: "bad" }),
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (name.trim() !== "") make.mutate();
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title={`New registry of ${organization}`}
    >
      <form className={styles["form"]} onSubmit={submit}>
        <Field label="Name">
          <TextInput value={name} autoFocus onChange={(event) => setName(event.target.value)} />
        </Field>
        <Field label="Artifact types" hint="Separated by commas; empty: any.">
          <TextInput value={types} placeholder="model" onChange={(event) => setTypes(event.target.value)} />
        </Field>
        <div>
          <Button type="submit" tone="primary" disabled={make.isPending || name.trim() === ""}>
            Make the registry
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
