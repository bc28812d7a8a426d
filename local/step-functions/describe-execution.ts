import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The fields of DescribeExecution that the functions read. */
export interface DescribedExecution {
  name: string;
  status: string;
  startDate: Date;
  /** Absent while it runs. */
  stopDate?: Date | undefined;
}

/**
 * Serves DescribeExecution on 127.0.0.1. The functions call it with the SDK over HTTP, as they do in AWS.
 *
 * An execution that is not among them was one of an earlier process, and ended with it: a folder has one process at a
 * time.
 *
 * @param executions Executions by ARN. The map is read at each request, so it may grow later.
 * @param port 0 takes a free port.
 */
export const serveDescribeExecution = async (executions: ReadonlyMap<string, DescribedExecution>, port = 0) => {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { executionArn } = JSON.parse(Buffer.concat(chunks).toString() || '{}') as { executionArn?: string };
    const now = new Date();
    const { name, status, startDate, stopDate } = executions.get(executionArn ?? '') ?? {
      name: executionArn,
      status: 'ABORTED',
      startDate: now,
      stopDate: now,
    };
    response.writeHead(200, { 'Content-Type': 'application/x-amz-json-1.0' });
    // The protocol's timestamps are seconds.
    const dates = { startDate: startDate.getTime() / 1000, ...(stopDate && { stopDate: stopDate.getTime() / 1000 }) };
    response.end(JSON.stringify({ executionArn, name, status, ...dates }));
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
