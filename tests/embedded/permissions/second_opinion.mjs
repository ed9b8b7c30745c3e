// Reads one simulation a line, as `@cloud-copilot/iam-simulate` takes it, and writes its outcome, one a line.
import { createInterface } from "node:readline";
import { runSimulation } from "@cloud-copilot/iam-simulate";

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await runSimulation(JSON.parse(line), {});
  const outcome = answer.resultType === "error" ? `error: ${JSON.stringify(answer.errors)}` : answer.overallResult;
  console.log(JSON.stringify(outcome));
}
