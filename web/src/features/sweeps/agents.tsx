/** Who runs the trials, and when each was last heard of. */

import { useQuery } from "@tanstack/react-query";

import { agentsQuery, type Sweep } from "@/api/sweeps";
import { formatCount } from "@/base/numbers";
import { Empty, ErrorPanel, Skeleton } from "@/widgets/feedback";
import { Duration, Time } from "@/widgets/values";
import table from "@/widgets/table.module.css";

import { AgentCommands } from "./commands";
import styles from "./sweeps.module.css";

export function AgentsTab({ sweep, live }: { sweep: Sweep; live: boolean }) {
  const agents = useQuery(agentsQuery(sweep.entity, sweep.project, sweep.id, live));
  if (agents.error) return <ErrorPanel what="The agents could not be read" error={agents.error} onRetry={() => void agents.refetch()} />;
  if (!agents.data) return <Skeleton height={120} />;
  if (agents.data.agents.length === 0) {
    return (
      <Empty title="No agent has asked yet">
        <AgentCommands sweep={sweep} />
      </Empty>
    );
  }
  return (
    <div className={styles["tab"]}>
      <table className={table["table"]}>
        <thead>
          <tr>
            <th scope="col">Agent</th>
            <th scope="col">State</th>
            <th scope="col">Host</th>
            <th scope="col">Kind</th>
            <th scope="col" data-number>
              Trials
            </th>
            <th scope="col">By</th>
            <th scope="col">Since</th>
            <th scope="col">Last heard of</th>
          </tr>
        </thead>
        <tbody>
          {agents.data.agents.map((agent) => (
            <tr key={agent.id}>
              <td>
                <code>{agent.name || agent.id}</code>
              </td>
              <td style={{ color: agent.state === "lost" ? "var(--bad)" : agent.state === "running" ? "var(--ok)" : "var(--fg2)" }}>{agent.state}</td>
              <td>
                {agent.host}
                {agent.shut_until !== null && (
                  <div style={{ color: "var(--bad)" }}>
                    Trials keep failing here: it gets none for <Duration seconds={Math.max(0, Math.round(agent.shut_until - Date.now() / 1000))} />
                  </div>
                )}
              </td>
              <td>{agent.kind === "ask" ? "ask and tell" : agent.kind}</td>
              <td data-number>{formatCount(agent.trials)}</td>
              <td>{agent.username}</td>
              <td>
                <Time at={agent.created_at} />
              </td>
              <td>
                <Time at={agent.heartbeat_at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
