/** Shown in place of any page while nobody is signed in, so that signing in leads back to it. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type SyntheticEvent } from "react";

import { meQuery, signIn } from "@/api/me";
import { useSession } from "@/model/session";
import { Button, Field, TextInput } from "@/widgets/controls";
import { describeError } from "@/widgets/feedback";

import styles from "./page.module.css";

export function SignIn() {
  const [key, setKey] = useState("");
  const queryClient = useQueryClient();
  const enter = useMutation({
    mutationFn: signIn,
    onSuccess: async (me) => {
      queryClient.clear();
      queryClient.setQueryData(meQuery.queryKey, me);
      useSession.setState({ signedOut: false });
      await queryClient.invalidateQueries();
    },
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    enter.mutate(key.trim());
  };
  return (
    <main className={styles["page"]}>
      <form className={styles["card"]} onSubmit={submit}>
        <h1>Sign in to Runstone</h1>
        <Field label="API key">
          <TextInput
            type="password"
            value={key}
            onChange={(event) => setKey(event.target.value)}
            autoComplete="current-password"
            autoFocus
            required
            aria-invalid={enter.isError}
            aria-describedby={enter.isError ? "sign-in-error" : undefined}
          />
        </Field>
        {enter.isError && (
          <p id="sign-in-error" role="alert" className={styles["error"]}>
            {describeError(enter.error).message}
          </p>
        )}
        <Button type="submit" tone="primary" disabled={key.trim() === "" || enter.isPending}>
          {enter.isPending ? "Signing in…" : "Sign in"}
        </Button>
        <p>
          The first start of the server writes the admin’s key to <code>admin.key</code> in its data directory. Others
          get theirs from an admin.
        </p>
      </form>
    </main>
  );
}
