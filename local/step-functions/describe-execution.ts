import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The fields of DescribeExecution that the functions read. */
export interface DescribedExecution {
  name: string;
  status: string;
  startDate: Date;
  /** Number of times the execution was redriven; 0 at first. */
  redriveCount: number;
}

/**
 * Serves DescribeExecution on 127.0.0.1. The functions call it with the SDK over HTTP, as they do in AWS.
 *
 * @param executions Executions by ARN. The map is read at each request, so it may grow later.
 * @param port 0 takes a free port.
 */
export const serveDescribeExecution = async (executions: ReadonlyMap<string, DescribedExecution>, port = 0) => {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { executionArn } = JSON.parse(Buffer.concat(chunks).toString() || '{}') as { executionArn?: string };
    const execution = executions.get(executionArn ?? '');
    const answer = execution
      ? {
          executionArn,
          name: execution.name,
          status: execution.status,
          redriveCount: execution.redriveCount,
          startDate: execution.startDate.getTime() / 1000, // the protocol's timestamps are seconds
        }
      : { __type: 'ExecutionDoesNotExist', message: `There is no execution ${executionArn}` };
    response.writeHead(execution ? 200 : 400, { 'Content-Type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
