/** How an agent is started: ours, or the published client's. */

import type { Sweep } from "@/api/sweeps";
import { CodeBlock } from "@/widgets/feedback";

export function AgentCommands({ sweep }: { sweep: Pick<Sweep, "entity" | "project" | "id"> }) {
  const name = `${sweep.entity}/${sweep.project}/${sweep.id}`;
  return (
    <>
      <CodeBlock label="command" code={`runstone agent ${name}`} />
      <p>With the published client, unchanged:</p>
      <CodeBlock label="command of the published client" code={`wandb agent ${name}`} />
    </>
  );
}
